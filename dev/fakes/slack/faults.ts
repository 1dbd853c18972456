/** What goes wrong with the next calls of a method. */
export interface Fault {
  /** Slack's error code in an answer with HTTP 200. */
  readonly error?: string;
  /** An HTTP status instead, for example 429 or 503. */
  readonly status?: number;
  readonly retryAfterSeconds?: number;
  /** Do what was asked, then cut the connection before the answer: the caller cannot know. */
  readonly loseAnswer?: boolean;
  /** Take so long before doing anything, ms: what is asked later can come first. */
  readonly delayMs?: number;
  /** 1 unless told. */
  readonly times?: number;
}

export interface Faults {
  add(method: string, fault: Fault): void;
  take(method: string): Fault | undefined;
}

export function createFaults(): Faults {
  const waiting = new Map<string, Fault[]>();
  return {
    add(method, fault) {
      const queue = waiting.get(method) ?? [];
      queue.push(...Array.from({ length: fault.times ?? 1 }, () => fault));
      waiting.set(method, queue);
    },
    take: (method) => waiting.get(method)?.shift(),
  };
}
