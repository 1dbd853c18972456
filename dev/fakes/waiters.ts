/** Lets a test wait for a state of a fake instead of sleeping. */
export interface Waiters {
  /** Resolves as soon as `check` yields a value; it is asked again after every `notify`. */
  until<T>(what: string, check: () => T | undefined, timeoutMs?: number): Promise<T>;
  notify(): void;
}

export function createWaiters(): Waiters {
  const waiting = new Set<() => void>();
  return {
    notify: () => waiting.forEach((look) => look()),
    until(what, check, timeoutMs = 10_000) {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(look);
          reject(new Error(`Waited ${timeoutMs} ms for ${what}.`));
        }, timeoutMs);
        const look = () => {
          const found = check();
          if (found === undefined) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      });
    },
  };
}
