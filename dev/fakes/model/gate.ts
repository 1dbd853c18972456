import type { ServerResponse } from 'node:http';

/** Holds answers back while it is closed, and tells apart a caller who went away. */
export interface Gate {
  pause(): void;
  resume(): void;
  /** Resolves when the gate is open and `delayMs` have passed; `gone` when the caller left before that. */
  pass(res: ServerResponse, delayMs: number): Promise<'open' | 'gone'>;
}

export function createGate(): Gate {
  let closed = false;
  const held = new Set<() => void>();
  return {
    pause: () => void (closed = true),
    resume() {
      closed = false;
      const released = [...held];
      held.clear();
      released.forEach((release) => release());
    },
    pass(res, delayMs) {
      return new Promise((resolve) => {
        const open = () => resolve(res.destroyed ? 'gone' : 'open');
        const arrive = () => (closed ? held.add(open) : open());
        const timer = delayMs > 0 ? setTimeout(arrive, delayMs) : undefined;
        res.once('close', () => {
          clearTimeout(timer);
          held.delete(open);
          resolve('gone');
        });
        if (!timer) arrive();
      });
    },
  };
}
