import { ErrorCode } from '@modelcontextprotocol/sdk/types.js';

/**
 * A server that dies in the middle of its answer leaves a stream that ends without one, and the SDK waits for it until
 * the time is up. Here the stream then ends with an error of its own, which says no more than that the answer is lost.
 * Streams with event ids are left alone: the SDK resumes those.
 */
export const withEndedStreams =
  (fetch: typeof globalThis.fetch): typeof globalThis.fetch =>
  async (input, init) => {
    const response = await fetch(input, init);
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
    const id = init?.method === 'POST' && typeof init.body === 'string' ? requestId(init.body) : undefined;
    if (!response.ok || !isStream || !response.body || id === undefined) return response;
    const { status, headers } = response;
    return new Response(closing(response.body, id), { status, headers });
  };

function closing(body: ReadableStream<Uint8Array>, id: string | number): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  const text = new TextDecoder();
  let resumable = false;
  const error = { code: ErrorCode.ConnectionClosed, message: 'The answer ended in the middle.' };
  const last = `\n\nevent: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', id, error })}\n\n`;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const piece = await reader.read().catch((error: unknown) => ({ error }));
      if ('error' in piece && resumable) throw piece.error;
      if ('error' in piece || piece.done) {
        // An answer that has arrived is not replaced: nobody waits for this id any more.
        if (!resumable) controller.enqueue(new TextEncoder().encode(last));
        return controller.close();
      }
      resumable ||= /^id:/m.test(text.decode(piece.value, { stream: true }));
      controller.enqueue(piece.value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

function requestId(body: string): string | number | undefined {
  const message: unknown = JSON.parse(body);
  if (typeof message !== 'object' || message === null || !('id' in message) || !('method' in message)) return undefined;
  return typeof message.id === 'string' || typeof message.id === 'number' ? message.id : undefined;
}
