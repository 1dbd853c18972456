/** An answer was cut off: it was sent, and what it said is not known. */
export class AnswerCutOffError extends Error {
  override readonly name = 'AnswerCutOffError';
}

export interface BodyLimits {
  readonly maxBytes: number;
  /** Longest silence between two pieces. */
  readonly idleMs: number;
  /** Longest time for the whole. */
  readonly totalMs: number;
}

/** Passes a body on until it is too long (after decompression) or falls silent; then both ends fail. */
export function boundedBody(
  body: ReadableStream<Uint8Array>,
  { maxBytes, idleMs, totalMs }: BodyLimits,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  const end = Date.now() + totalMs;
  let bytes = 0;
  const fail = (message: string): never => {
    const error = new AnswerCutOffError(message);
    reader.cancel(error).catch(() => undefined);
    throw error;
  };
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await within(Math.min(idleMs, end - Date.now()), reader.read(), () =>
        fail(`The answer stopped for ${idleMs / 1000} s, or took more than ${totalMs / 1000} s.`),
      );
      if (done) return controller.close();
      bytes += value.byteLength;
      if (bytes > maxBytes) fail(`The answer is longer than ${maxBytes} bytes.`);
      controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

async function within<T>(ms: number, work: Promise<T>, late: () => never): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined).unref();
  });
  try {
    return (await Promise.race([work, timeout])) ?? late();
  } finally {
    clearTimeout(timer);
  }
}
