import { AsyncLocalStorage } from 'node:async_hooks';

/** Until when the call that is under way may send, ms since the epoch; undefined: as long as it likes. */
const limits = new AsyncLocalStorage<number | undefined>();

/** What failures of a call that came too late are told by; nothing was sent. */
export const TOO_LATE = 'NUBABEL_TOO_LATE';

class TooLateToSendError extends Error {
  override readonly name = 'TooLateToSendError';
  readonly code = TOO_LATE;
  constructor() {
    super('This call has been given up by now. Nothing was sent.');
  }
}

/**
 * Runs a call that must not send anything after `until`. A process that was stopped for a while goes on where it was
 * before any of its timers fires, and another one may have made the call meanwhile: so it looks at the clock itself.
 */
export const sendingUntil = <T>(until: number | undefined, work: () => T): T => limits.run(until, work);

const CHANGING = new Set(['POST', 'PUT', 'PATCH']);

/** To be asked as the last thing before a request leaves. @throws TooLateToSendError */
export function refuseWhenLate(method: string): void {
  const until = limits.getStore();
  if (until !== undefined && Date.now() > until && CHANGING.has(method)) throw new TooLateToSendError();
}
