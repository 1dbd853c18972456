import { setTimeout as delay } from 'node:timers/promises';
import { startChild, type ChildSpec, type RunningChild } from './child.ts';
import type { Tell } from './say.ts';
import { StartError } from './start-problem.ts';
import { until } from './until.ts';

/** What the pid file keeps of a child, so that a later start can end it. */
export interface KnownChild {
  readonly name: string;
  readonly pid: number;
  readonly stopSignal: 'SIGTERM' | 'SIGINT';
}

export interface SupervisorOptions {
  readonly tell: Tell;
  /** Called after every change with all living children, oldest first. */
  readonly onChange?: (children: KnownChild[]) => void;
}

interface Kept {
  readonly spec: ChildSpec & { readonly restart?: boolean };
  running: RunningChild | undefined;
  /** Set while a restart was asked for: such an end is no accident. */
  expected: boolean;
  pause?: AbortController;
}

interface Report {
  readonly name: string;
  readonly ending: string;
  readonly backoffMs: number;
  readonly words: string;
  readonly shown: string;
}

const FIRST_BACKOFF_MS = 200;
const LAST_BACKOFF_MS = 5_000;
const HEALTHY_MS = 30_000;

/** Keeps programs running: starts again what dies, and ends all in reverse order. */
export class Supervisor {
  readonly #tell: Tell;
  readonly #onChange: (children: KnownChild[]) => void;
  readonly #batches: Kept[][] = [];
  readonly #stopping = new AbortController();

  constructor({ tell, onChange = () => undefined }: SupervisorOptions) {
    this.#tell = tell;
    this.#onChange = onChange;
  }

  /** Starts programs side by side and resolves when all are ready; those added together are also ended together. */
  async add(...specs: Kept['spec'][]): Promise<void> {
    const batch = specs.map((spec): Kept => ({ spec, running: undefined, expected: false }));
    this.#batches.push(batch);
    await Promise.all(
      batch.map(async (kept) => {
        const running = await this.#start(kept);
        await running.ready;
        void this.#keep(kept, running);
      }),
    );
  }

  /** Ends a program and starts it anew, as watch mode wants; false when it did not become ready. */
  async restart(name: string): Promise<boolean> {
    const kept = this.#batches.flat().find(({ spec }) => spec.name === name);
    if (!kept) return false;
    const before = kept.running;
    kept.expected = true;
    kept.pause?.abort();
    await before?.stop();
    const isNew = () => kept.running !== undefined && kept.running !== before;
    if (!(await until(isNew, { withinMs: LAST_BACKOFF_MS, everyMs: 10, signal: this.#stopping.signal }))) return false;
    return (await kept.running?.ready.then(() => true).catch(() => false)) ?? false;
  }

  /** Ends everything: the last batch first, each only when the one after it is gone. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const batch of this.#batches.toReversed()) {
      await Promise.all(batch.map(async (kept) => kept.running?.stop()));
    }
  }

  /** No goodbye: for the second Ctrl-C. */
  killAll(): void {
    this.#stopping.abort();
    for (const { running } of this.#batches.flat()) running?.kill();
  }

  async #start(kept: Kept): Promise<RunningChild> {
    await kept.spec.beforeStart?.();
    if (this.#stopping.signal.aborted)
      throw new StartError(`${kept.spec.name} was not started: everything is stopping.`);
    const running = startChild(kept.spec);
    kept.running = running;
    this.#changed();
    void running.exited.finally(() => {
      if (kept.running === running) kept.running = undefined;
      this.#changed();
    });
    return running;
  }

  async #keep(kept: Kept, first: RunningChild): Promise<void> {
    let backoffMs = FIRST_BACKOFF_MS;
    let shown = '';
    for (let running: RunningChild | undefined = first; ; running = await this.#start(kept).catch(() => undefined)) {
      let readyAt = Infinity;
      running?.ready.then(() => (readyAt = performance.now())).catch(() => undefined);
      const ending = (await running?.exited) ?? 'could not be prepared';
      if (this.#stopping.signal.aborted || kept.spec.restart === false) return;
      if (performance.now() - readyAt > HEALTHY_MS) backoffMs = FIRST_BACKOFF_MS;
      if (!kept.expected) {
        const words = running?.lastWords() ?? '';
        this.#report({ name: kept.spec.name, ending, backoffMs, words, shown });
        shown = words;
        await this.#pause(kept, backoffMs);
        backoffMs = Math.min(backoffMs * 2, LAST_BACKOFF_MS);
      }
      if (this.#stopping.signal.aborted) return;
      kept.expected = false;
    }
  }

  /** Cut short by a stop, and by a restart: the reason to wait is gone when the code has changed. */
  async #pause(kept: Kept, backoffMs: number): Promise<void> {
    kept.pause = new AbortController();
    const signal = AbortSignal.any([kept.pause.signal, this.#stopping.signal]);
    await delay(backoffMs, undefined, { signal }).catch(() => undefined);
  }

  /** One line; the reason below it, but not again while it stays the same. */
  #report({ name, ending, backoffMs, words, shown }: Report): void {
    this.#tell(`! ${name} ended (${ending}); it starts again in ${backoffMs / 1000} s.`);
    if (words && words !== shown) this.#tell(words);
  }

  #changed(): void {
    const known = this.#batches
      .flat()
      .flatMap(({ spec, running }) =>
        running?.pid
          ? [{ name: spec.name, pid: running.pid, stopSignal: spec.stopSignal ?? ('SIGTERM' as const) }]
          : [],
      );
    this.#onChange(known);
  }
}
