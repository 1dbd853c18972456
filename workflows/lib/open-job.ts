import { CancellationScope, isCancellation, log } from '@temporalio/workflow';
import type { OrchestrationInput, RoutedWork, Stop } from '../../contracts/workflow.ts';
import { decisions, slack } from '../proxies.ts';
import { openApprovalDesk } from './approval-desk.ts';
import { openCourse } from './course.ts';
import type { Job } from './job.ts';
import type { Reporter } from './reporter.ts';
import { openSteeringDesk } from './steering-desk.ts';

/** Nobody has been chosen yet. */
const UNROUTED: RoutedWork = { agents: [], mode: 'parallel', category: 'quick', maxExecutionMs: 0 };

/** A job with its doors open: sets every handler, so it is called before the workflow's first await. */
export function openJob(
  { organizationId, orchestrationId }: OrchestrationInput,
  reporter: Reporter,
  workScope: CancellationScope,
): Job {
  const target = { organizationId, orchestrationId };
  const course = openCourse([]);
  const stopNow = (mode: Stop['mode']): Stop => ({ mode, at: new Date().toISOString(), callsInFlight: job.calls });
  const desk = openApprovalDesk({
    // A reminder that does not land, or not yet, keeps no answer waiting.
    nudge: (question, { nth, escalates }) =>
      void slack.remindApprovers({ ...target, approvalId: question.id, nth, escalates }).catch((error: unknown) => {
        if (!isCancellation(error)) log.warn('A reminder did not land', { nth });
      }),
    countApproval: (decision) =>
      decisions.recordApproval({ ...target, decision, partial: true }).then(() => reporter.changed()),
    revise: async (decision) => {
      const revised = await decisions.revisePlan({ ...target, decision }).finally(reporter.changed);
      // The planner's next draft comes after the edited plan.
      if ('plan' in revised) job.revision = Math.max(job.revision, revised.plan.revision);
      return revised;
    },
    isMoot: () => job.steering.stopped() || job.steering.wantsReplan(),
  });
  const steering = openSteeringDesk((mode) => {
    if (mode === 'stop') job.stop ??= stopNow('stop');
    if (mode !== 'steer') desk.withdraw();
    reporter.changed();
  });
  const job: Job = {
    target,
    routed: UNROUTED,
    desk,
    steering,
    course,
    changed: reporter.changed,
    cancelWork: () => {
      job.stop ??= stopNow('cancel');
      workScope.cancel();
    },
    calls: 0,
    revision: 0,
    planned: false,
    questions: 0,
    refused: new Set(),
  };
  void CancellationScope.current().cancelRequested.catch(() => (job.stop ??= stopNow('cancel')));
  return job;
}
