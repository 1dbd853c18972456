import { CancellationScope, isCancellation, log } from '@temporalio/workflow';
import type { OrchestrationInput, RoutedWork, Stop } from '../../contracts/workflow.ts';
import { decisions, slack } from '../proxies.ts';
import { createApprovalHandlers } from './approval-handlers.ts';
import type { ApprovalHandlerDeps } from './awaiting.ts';
import { createStepGraph } from './step-graph.ts';
import type { Job, Target } from './job.ts';
import type { Reporter } from './reporter.ts';
import { createSteeringHandlers } from './steering-handlers.ts';

/** Nobody has been chosen yet. */
const UNROUTED: RoutedWork = { agents: [], mode: 'parallel', category: 'quick', maxExecutionMs: 0 };

/** A job with its doors open: sets every handler, so it is called before the workflow's first await. */
export function openJob(
  { organizationId, orchestrationId }: OrchestrationInput,
  { changed }: Reporter,
  workScope: CancellationScope,
): Job {
  const target = { organizationId, orchestrationId };
  const desk = createApprovalHandlers(handsFor(target, changed, () => job));
  const steering = createSteeringHandlers((mode) => {
    if (mode === 'stop') noteStop('stop');
    if (mode !== 'steer') desk.withdraw();
    changed();
  });
  const job: Job = {
    target,
    routed: UNROUTED,
    desk,
    steering,
    course: createStepGraph([]),
    changed,
    cancelWork: () => {
      noteStop('cancel');
      workScope.cancel();
    },
    calls: 0,
    revision: 0,
    planned: false,
    hasCalled: false,
    questions: 0,
    refused: new Set(),
  };
  void CancellationScope.current().cancelRequested.catch(() => noteStop('cancel'));
  return job;

  function noteStop(mode: Stop['mode']): void {
    job.stop ??= { mode, at: new Date().toISOString(), callsInFlight: job.calls };
  }
}

/** What the desk has others do; `jobNow` is asked once messages arrive. */
const handsFor = (target: Target, changed: () => void, jobNow: () => Job): ApprovalHandlerDeps => ({
  // A reminder that does not land, or not yet, keeps no answer waiting.
  nudge: (question, { nth, escalates }) =>
    void slack.remindApprovers({ ...target, approvalId: question.id, nth, escalates }).catch((error: unknown) => {
      if (!isCancellation(error)) log.warn('A reminder did not land', { nth });
    }),
  countApproval: (decision) => decisions.recordDecision({ ...target, decision, partial: true }).then(changed),
  revise: async (decision) => {
    const job = jobNow();
    const revised = await decisions.revisePlan({ ...target, decision }).finally(changed);
    // The planner's next draft comes after the edited plan.
    if ('plan' in revised) job.revision = Math.max(job.revision, revised.plan.revision);
    return revised;
  },
  isMoot: () => jobNow().steering.stopped() || jobNow().steering.wantsReplan(),
});
