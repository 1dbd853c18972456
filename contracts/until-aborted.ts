/**
 * Waits for work that others may be waiting for too: one who leaves does not stop it. Throws `toError()` when the signal
 * is, or becomes, aborted before the work is done.
 */
export async function untilAborted<T>(shared: Promise<T>, signal: AbortSignal, toError: () => Error): Promise<T> {
  // Nobody may be left who learns how it failed, and that must not end the process.
  shared.catch(() => undefined);
  if (signal.aborted) throw toError();
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(toError());
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([shared, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
