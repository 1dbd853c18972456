import { expect } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { SteeringMode } from '../../../contracts/steering.ts';
import type { Decision, DecisionOutcome, Ending } from '../../../contracts/workflow.ts';
import { decideUpdate, stageQuery, steerUpdate } from '../../../workflows/messages.ts';
import { decision, type Call, type ScriptedDecision } from './scripted-activities.ts';
import type { StartedRun } from './environment.ts';

/** A person's answer, as a door gives it. */
export const decide = (run: StartedRun, changes: Partial<ScriptedDecision> = {}): Promise<DecisionOutcome> =>
  run.handle.executeUpdate(decideUpdate, { args: [decision(changes)] });

/** A person's words to running work; answers their id. */
export async function steer(run: StartedRun, mode: SteeringMode = 'steer', id: string = randomUUID()): Promise<string> {
  await run.handle.executeUpdate(steerUpdate, { args: [{ id, mode }] });
  return id;
}

/** The failure type that a message was refused with. */
export async function refusalOf(work: Promise<unknown>): Promise<string | null | undefined> {
  const error = await work.then(
    () => new Error('It was not refused.'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof WorkflowUpdateFailedError) || !(error.cause instanceof ApplicationFailure)) throw error;
  return error.cause.type;
}

/** Resolves when a question waits for its answer. */
export const untilAsked = (run: StartedRun): Promise<void> =>
  run.when(async () => (await run.handle.query(stageQuery)) === 'awaiting_approval');

/** Resolves when the question of this number, asked in the midst of the work, waits; answers how to name it. */
export async function untilAskedFor(run: StartedRun, nth: number): Promise<Pick<Decision, 'approvalId' | 'hash'>> {
  await run.when(() => askedFor(run, nth) !== undefined);
  await untilAsked(run);
  const kind = askedFor(run, nth)?.kind ?? '';
  return { approvalId: `approval-${kind}-${nth}`, hash: `hash-${kind}-${nth}` };
}

const askedFor = ({ calls }: StartedRun, nth: number): Call | undefined =>
  calls.find((call) => call.name === 'askHuman' && call.nth === nth);

/** Calls of a name, in order. */
export const callsOf = ({ calls }: StartedRun, name: string): readonly Call[] =>
  calls.filter((call) => call.name === name);

/** The steps that agents were given, in order, tries too. */
export const stepsRun = (run: StartedRun): (string | undefined)[] => callsOf(run, 'runAgent').map(({ step }) => step);

/** The ending of a cancelled run: so many model calls were under way. */
export const cancelledWith = (callsInFlight: number): Ending => ({
  kind: 'cancelled',
  stop: { mode: 'cancel', at: expect.any(String) as unknown as string, callsInFlight },
});

/** A gate that opens once. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open: () => open() };
}
