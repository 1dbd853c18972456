import type { EffectView } from '../../contracts/effects.ts';
import { isFinal, type JobStatus } from '../../contracts/orchestration.ts';

/** One change that was asked for, what the ledger says of it, and what its provider has. */
export interface Deed {
  readonly name: string;
  readonly status: JobStatus['status'];
  readonly asked: string | undefined;
  readonly effects: readonly Pick<EffectView, 'state'>[];
  /** How often the provider has it. */
  readonly times: number;
}

/** What is wrong with a deed; nothing where it was made at most once and the ledger tells the truth about it. */
export function wrongsOf({ name, status, asked, effects, times }: Deed): string[] {
  const states = effects.map(({ state }) => state);
  const is = (state: EffectView['state']) => states.includes(state);
  const waits = status === 'awaiting_approval' && asked === 'effect' && is('UNKNOWN');
  return [
    ...(times > 1 ? [`${name} was made ${times} times`] : []),
    ...(states.length > 1 ? [`${name} is ${states.length} effects`] : []),
    ...(!isFinal(status) && !waits ? [`${name} is ${status}, and nobody is asked`] : []),
    ...(is('DONE') && times === 0 ? [`${name} is said to be done, and is not`] : []),
    ...(status === 'completed' && !is('DONE')
      ? [`${name} is called completed, and its effect is ${states.join()}`]
      : []),
    ...((is('FAILED') || states.length === 0) && times > 0 ? [`${name} was made, and the ledger denies it`] : []),
    ...(is('PENDING') && isFinal(status) ? [`${name} is over, and its effect is still open`] : []),
  ];
}
