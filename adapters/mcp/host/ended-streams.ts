import { forgetOldest } from '../../../contracts/forget-oldest.ts';
import { ErrorCode } from '@modelcontextprotocol/sdk/types.js';

type RequestId = string | number;

/** As often as the SDK tries. */
const MAX_RESUMES = 2;
/** Events of one session; of each stream only the last one matters. */
const MAX_REMEMBERED = 1_000;

/**
 * A server that dies in the middle of its answer leaves a stream that ends without one, and the SDK waits for it until
 * the time is up. Here such a stream ends with an error of its own, which says no more than that the answer is lost.
 * One with event ids may be resumed: that is left to the SDK, and the answer is lost when it cannot be.
 */
export function withEndedStreams(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  const resumable = new Map<string, { readonly id: RequestId; failures: number }>();
  const watched = (response: Response, id: RequestId): Response => {
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
    if (!response.ok || !isStream || !response.body) return response;
    const { status, headers } = response;
    const noteEvent = (eventId: string) => {
      resumable.set(eventId, { id, failures: 0 });
      forgetOldest(resumable, MAX_REMEMBERED);
    };
    return new Response(ending(response.body, id, noteEvent), { status, headers });
  };
  return async (input, init) => {
    if (init?.method === 'POST') {
      const id = typeof init.body === 'string' ? requestId(init.body) : undefined;
      const response = await fetch(input, init);
      return id === undefined ? response : watched(response, id);
    }
    const resumed = resumable.get(new Headers(init?.headers).get('last-event-id') ?? '');
    if (!resumed) return fetch(input, init);
    const response = await fetch(input, init).catch((error: unknown) => ({ error }));
    if (!('error' in response) && response.ok) return watched(response, resumed.id);
    resumed.failures++;
    if (resumed.failures >= MAX_RESUMES)
      return new Response(lost(resumed.id), { headers: { 'content-type': 'text/event-stream' } });
    if ('error' in response) throw response.error;
    return response;
  };
}

function lost(id: RequestId): string {
  const error = { code: ErrorCode.ConnectionClosed, message: 'The answer ended in the middle.' };
  return `\n\nevent: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', id, error })}\n\n`;
}

function ending(
  body: ReadableStream<Uint8Array>,
  id: RequestId,
  noteEvent: (eventId: string) => void,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  const text = new TextDecoder();
  let resumable = false;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const piece = await reader.read().catch((error: unknown) => ({ error }));
      if ('error' in piece && resumable) throw piece.error;
      if ('error' in piece || piece.done) {
        // An answer that has arrived is not replaced: nobody waits for this id any more.
        if (!resumable) controller.enqueue(new TextEncoder().encode(lost(id)));
        return controller.close();
      }
      const last = [...text.decode(piece.value, { stream: true }).matchAll(/^id: ?(.+?)\r?$/gm)].at(-1)?.[1];
      if (last !== undefined) {
        resumable = true;
        noteEvent(last);
      }
      controller.enqueue(piece.value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

function requestId(body: string): RequestId | undefined {
  const message: unknown = JSON.parse(body);
  if (typeof message !== 'object' || message === null || !('id' in message) || !('method' in message)) return undefined;
  return typeof message.id === 'string' || typeof message.id === 'number' ? message.id : undefined;
}
