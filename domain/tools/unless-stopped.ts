import { ToolCallError } from './mcp-connection.ts';

/**
 * Waits for work that others may be waiting for too: one who leaves does not stop it. Only for what comes before a call,
 * when nothing has been sent. @throws ToolCallError
 */
export async function unlessStopped<T>(shared: Promise<T>, signal: AbortSignal, connection: string): Promise<T> {
  // Nobody may be left to hear how it failed, and that must not end the process.
  shared.catch(() => undefined);
  const stopped = () => new ToolCallError('refused', `${connection}: stopped before anything was sent.`);
  if (signal.aborted) throw stopped();
  let stop = (): void => undefined;
  const gone = new Promise<never>((_resolve, reject) => {
    stop = () => reject(stopped());
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([shared, gone]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
