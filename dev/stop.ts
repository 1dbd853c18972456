import type { Terminal } from './terminal.ts';

/** One press of Ctrl-C can arrive twice: from the terminal and passed on by npm. A person needs longer than this. */
const SAME_PRESS_MS = 500;

interface StopListener {
  /** Aborted from the moment a stop begins, whatever the reason. */
  readonly signal: AbortSignal;
  /** Resolves when the person asks to stop. */
  readonly asked: Promise<void>;
  wasAsked(): boolean;
  begin(): void;
}

/** The first SIGINT or SIGTERM asks to stop; a second one kills everything at once. */
export function listenForStop({ terminal, killAll }: { terminal: Terminal; killAll: () => void }): StopListener {
  const stopping = new AbortController();
  const asked = Promise.withResolvers<void>();
  let askedAt: number | undefined;
  const onSignal = () => {
    if (askedAt === undefined) {
      askedAt = performance.now();
      asked.resolve();
      stopping.abort();
      terminal.line('\nStopping; press Ctrl-C again to kill everything at once.');
    } else if (performance.now() - askedAt > SAME_PRESS_MS) {
      killAll();
      terminal.line('Killed.');
      process.exit(130);
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  return {
    signal: stopping.signal,
    asked: asked.promise,
    wasAsked: () => askedAt !== undefined,
    begin: () => stopping.abort(),
  };
}
