/** What came of many requests. */
export interface Load {
  /** Ms of each request that went well. */
  readonly latenciesMs: number[];
  readonly errors: string[];
  readonly elapsedMs: number;
  readonly perSecond: number;
}

/** So many callers, each with its next request as soon as the one before is done. */
export async function inTurn(
  count: number,
  callers: number,
  request: (nth: number) => Promise<unknown>,
): Promise<Load> {
  const latenciesMs: number[] = [];
  const errors: string[] = [];
  let started = 0;
  const start = performance.now();
  const caller = async () => {
    for (let nth = started++; nth < count; nth = started++) {
      const before = performance.now();
      try {
        await request(nth);
        latenciesMs.push(performance.now() - before);
      } catch (error) {
        errors.push(error instanceof Error ? error.message : String(error));
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(callers, count) }, caller));
  const elapsedMs = performance.now() - start;
  return { latenciesMs, errors, elapsedMs, perSecond: (latenciesMs.length / elapsedMs) * 1_000 };
}

/** Requests at a steady rate, whatever the answers take. */
export async function atRate(count: number, perSecond: number, request: () => Promise<unknown>): Promise<void> {
  const all: Promise<unknown>[] = [];
  const start = performance.now();
  for (let nth = 0; nth < count; nth++) {
    const due = start + (nth * 1_000) / perSecond - performance.now();
    if (due > 0) await new Promise((resolve) => setTimeout(resolve, due));
    all.push(request());
  }
  await Promise.all(all);
}
