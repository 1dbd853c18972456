import { CancellationScope } from '@temporalio/workflow';
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
  const stopNow = (mode: Stop['mode']): Stop => ({
    mode,
    at: new Date().toISOString(),
    callsInFlight: course.running.size,
  });
  const desk = openApprovalDesk({
    nudge: (question, { nth, escalates }) =>
      slack.remindApprovers({ ...target, approvalId: question.id, nth, escalates }),
    countApproval: (decision) =>
      decisions.recordApproval({ ...target, decision, partial: true }).then(() => reporter.changed()),
    revise: (decision) => decisions.revisePlan({ ...target, decision }).finally(reporter.changed),
  });
  const steering = openSteeringDesk(({ mode }) => {
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
    cancelWork: () => workScope.cancel(),
    revision: 0,
    planned: false,
    questions: 0,
    refused: new Set(),
  };
  void CancellationScope.current().cancelRequested.catch(() => (job.stop ??= stopNow('cancel')));
  return job;
}
