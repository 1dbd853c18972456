import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import { QUEUE, undoWorkflowId, WORKFLOW } from '../../contracts/queues.ts';
import { undoSignal } from '../../workflows/messages.ts';
import { openEnvironment, type StartedRun, type TestEnvironment } from './support/environment.ts';
import { untilCancelled, type Script } from './support/scripted-activities.ts';

let environment: TestEnvironment;
beforeAll(async () => {
  environment = await openEnvironment();
}, 60_000);
afterAll(() => environment?.close());

/** Work that has ended, and whose changes are being taken back. */
async function undoing(script: Script): Promise<{ run: StartedRun; undo: WorkflowHandle; names: () => string[] }> {
  const run = await environment.start({ undoable: ['c', 'b', 'a'], ...script });
  await run.over();
  const before = run.calls.length;
  const [, orchestrationId = '', organizationId = ''] =
    /^orchestration-(.{36})-(.{36})$/.exec(run.handle.workflowId) ?? [];
  const target = { organizationId, orchestrationId };
  const undo = await environment.client.workflow.start(WORKFLOW.undo, {
    args: [{ ...target, userId: 'ada' }],
    taskQueue: QUEUE.orchestration,
    workflowId: undoWorkflowId(target),
  });
  const names = () => run.calls.slice(before).map(({ name, ids }) => [name, ...(ids ?? [])].join(' '));
  return { run, undo, names };
}

const causeOf = (undo: WorkflowHandle): Promise<unknown> =>
  undo.result().then(
    () => 'It has ended by itself.',
    (error: unknown) => (error instanceof WorkflowFailedError ? error.cause : error),
  );

describe('an undo that is cancelled midway', () => {
  it('takes nothing more back, and its end is written and told', async () => {
    const { run, undo, names } = await undoing({
      undo: (key, signal) => (key === 'b' ? untilCancelled(signal) : Promise.resolve()),
    });
    await run.when(() => names().includes('undoEffect b'));
    await undo.cancel();
    expect(await causeOf(undo)).toBeInstanceOf(CancelledFailure);
    expect(names()).toEqual(['undoEffect c', 'undoEffect b', 'finishUndo', 'reportToSlack']);
    expect((await undo.describe()).status.name).toBe('CANCELLED');
  });

  it('makes no further pass for whoever has asked meanwhile', async () => {
    const { run, undo, names } = await undoing({ undo: (_key, signal) => untilCancelled(signal) });
    await run.when(() => names().includes('undoEffect c'));
    await undo.signal(undoSignal, 'grace');
    await undo.cancel();
    expect(await causeOf(undo)).toBeInstanceOf(CancelledFailure);
    expect(names()).toEqual(['undoEffect c', 'finishUndo', 'reportToSlack']);
  });

  it('while its end is being told tells it all the same', async () => {
    let told = (): void => undefined;
    let isUndone = false;
    const { run, undo, names } = await undoing({
      undo: (key) => Promise.resolve(void (isUndone ||= key === 'a')),
      report: () => (isUndone ? new Promise<void>((resolve) => (told = resolve)) : Promise.resolve()),
    });
    await run.when(() => names().includes('reportToSlack'));
    await undo.cancel();
    told();
    expect(await undo.result()).toEqual({ done: 3, total: 3 });
    expect(names()).toEqual(['undoEffect c', 'undoEffect b', 'undoEffect a', 'finishUndo', 'reportToSlack']);
  });
});
