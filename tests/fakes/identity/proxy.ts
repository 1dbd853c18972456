import type { IncomingMessage, ServerResponse } from 'node:http';

/** Headers of one hop, and those that were for us. */
const OURS = new Set([
  'host',
  'connection',
  'content-length',
  'authorization',
  'transfer-encoding',
  'keep-alive',
  'date',
]);

/** Lets a server that knows nothing of tokens answer; streams flow as they come. */
export async function passOn(
  upstream: string,
  { req, res, body }: { readonly req: IncomingMessage; readonly res: ServerResponse; readonly body: string },
): Promise<void> {
  const gone = new AbortController();
  res.once('close', () => gone.abort());
  const headers = Object.entries(req.headers).flatMap(([name, value]): [string, string][] =>
    OURS.has(name) || value === undefined ? [] : [[name, String(value)]],
  );
  const method = req.method ?? 'GET';
  try {
    const answer = await fetch(upstream, { method, headers, signal: gone.signal, ...(method === 'POST' && { body }) });
    res.writeHead(answer.status, Object.fromEntries([...answer.headers].filter(([name]) => !OURS.has(name))));
    res.flushHeaders();
    for await (const chunk of answer.body ?? []) res.write(chunk);
    res.end();
  } catch (error) {
    if (!gone.signal.aborted) throw error;
  }
}
