import { setTimeout as delay } from 'node:timers/promises';
import { startChild, type ChildSpec, type RunningChild } from './child.ts';
import type { PrintLine } from './terminal.ts';
import { StartError } from './start-error.ts';
import { until } from './until.ts';

/** What the pid file keeps of a child, so that a later start can end it. */
export interface KnownChild {
  readonly name: string;
  readonly pid: number;
  readonly stopSignal: 'SIGTERM' | 'SIGINT';
}

interface SupervisorOptions {
  readonly print: PrintLine;
  /** Called after every change with all living children, oldest first. */
  readonly onChange?: (children: KnownChild[]) => void;
}

interface SupervisedProgram {
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
  readonly output: string;
  readonly shown: string;
}

const FIRST_BACKOFF_MS = 200;
const LAST_BACKOFF_MS = 5_000;
const HEALTHY_MS = 30_000;

/** Keeps programs running: starts again what dies, and ends all in reverse order. */
export class Supervisor {
  readonly #print: PrintLine;
  readonly #onChange: (children: KnownChild[]) => void;
  readonly #batches: SupervisedProgram[][] = [];
  readonly #stopping = new AbortController();

  constructor({ print, onChange = () => undefined }: SupervisorOptions) {
    this.#print = print;
    this.#onChange = onChange;
  }

  /** Starts programs side by side and resolves when all are ready; those added together are also ended together. */
  async add(...specs: SupervisedProgram['spec'][]): Promise<void> {
    const batch = specs.map((spec): SupervisedProgram => ({ spec, running: undefined, expected: false }));
    this.#batches.push(batch);
    await Promise.all(
      batch.map(async (program) => {
        const running = await this.#start(program);
        await running.ready;
        void this.#keep(program, running);
      }),
    );
  }

  /** Ends a program and starts it anew, as watch mode wants; false when it did not become ready. */
  async restart(name: string): Promise<boolean> {
    const program = this.#batches.flat().find(({ spec }) => spec.name === name);
    if (!program) return false;
    const before = program.running;
    program.expected = true;
    program.pause?.abort();
    await before?.stop();
    const isNew = () => program.running !== undefined && program.running !== before;
    if (!(await until(isNew, { withinMs: LAST_BACKOFF_MS, everyMs: 10, signal: this.#stopping.signal }))) return false;
    return (await program.running?.ready.then(() => true).catch(() => false)) ?? false;
  }

  /** Ends everything: the last batch first, each only when the one after it is gone. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const batch of this.#batches.toReversed()) {
      await Promise.all(batch.map(async (program) => program.running?.stop()));
    }
  }

  /** No goodbye: for the second Ctrl-C. */
  killAll(): void {
    this.#stopping.abort();
    for (const { running } of this.#batches.flat()) running?.kill();
  }

  async #start(program: SupervisedProgram): Promise<RunningChild> {
    await program.spec.beforeStart?.();
    if (this.#stopping.signal.aborted)
      throw new StartError(`${program.spec.name} was not started: everything is stopping.`);
    const running = startChild(program.spec);
    program.running = running;
    this.#changed();
    void running.exited.finally(() => {
      if (program.running === running) program.running = undefined;
      this.#changed();
    });
    return running;
  }

  async #keep(program: SupervisedProgram, first: RunningChild): Promise<void> {
    let backoffMs = FIRST_BACKOFF_MS;
    let shown = '';
    for (let running: RunningChild | undefined = first; ; running = await this.#start(program).catch(() => undefined)) {
      let readyAt = Infinity;
      running?.ready.then(() => (readyAt = performance.now())).catch(() => undefined);
      const ending = (await running?.exited) ?? 'could not be prepared';
      if (this.#stopping.signal.aborted || program.spec.restart === false) return;
      if (performance.now() - readyAt > HEALTHY_MS) backoffMs = FIRST_BACKOFF_MS;
      if (!program.expected) {
        const output = running?.recentOutput() ?? '';
        this.#report({ name: program.spec.name, ending, backoffMs, output, shown });
        shown = output;
        await this.#pause(program, backoffMs);
        backoffMs = Math.min(backoffMs * 2, LAST_BACKOFF_MS);
      }
      if (this.#stopping.signal.aborted) return;
      program.expected = false;
    }
  }

  /** Cut short by a stop, and by a restart: the reason to wait is gone when the code has changed. */
  async #pause(program: SupervisedProgram, backoffMs: number): Promise<void> {
    program.pause = new AbortController();
    const signal = AbortSignal.any([program.pause.signal, this.#stopping.signal]);
    await delay(backoffMs, undefined, { signal }).catch(() => undefined);
  }

  /** One line; the reason below it, but not again while it stays the same. */
  #report({ name, ending, backoffMs, output, shown }: Report): void {
    this.#print(`! ${name} ended (${ending}); it starts again in ${backoffMs / 1000} s.`);
    if (output && output !== shown) this.#print(output);
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
