import { allHandlersFinished, CancellationScope, condition, isCancellation, setHandler } from '@temporalio/workflow';
import type { Ending, OrchestrationInput, OrchestrationOutcome, Stop } from '../contracts/workflow.ts';
import { agree } from './lib/agreement.ts';
import { openApprovalDesk } from './lib/approval-desk.ts';
import { openCourse } from './lib/course.ts';
import { showRoute, showStatus } from './lib/display.ts';
import { errorCodeOf } from './lib/failures.ts';
import type { Job } from './lib/job.ts';
import { startReporter } from './lib/reporter.ts';
import { runCourse } from './lib/run-course.ts';
import { openSteeringDesk } from './lib/steering-desk.ts';
import { stageQuery, type Stage } from './messages.ts';
import { decisions, model, slack, store } from './proxies.ts';

/** One request, from its words to its answer: understand, route, plan, ask, work, finish, report. */
export async function orchestrationWorkflow(input: OrchestrationInput): Promise<OrchestrationOutcome> {
  const { organizationId, orchestrationId } = input;
  const target = { organizationId, orchestrationId };
  const course = openCourse([]);
  let stage: Stage = 'understanding';
  let stop: Stop | undefined;
  setHandler(stageQuery, () => stage);
  const desk = openApprovalDesk({
    nudge: (question, { nth, escalates }) =>
      slack.remindApprovers({ ...target, approvalId: question.id, nth, escalates }),
    countApproval: (decision) => decisions.recordApproval({ ...target, decision, partial: true }),
    revise: (decision) => decisions.revisePlan({ ...target, decision }),
  });
  const steering = openSteeringDesk(({ mode }) => {
    if (mode === 'stop') stop ??= stopNow('stop');
    if (mode !== 'steer') desk.withdraw();
    reporter.changed();
  });
  const reporter = startReporter(input);
  void CancellationScope.current().cancelRequested.catch(() => (stop ??= stopNow('cancel')));

  const workScope = new CancellationScope();
  const ending = await endingOf(() => workScope.run(work));
  steering.close();
  stage = 'finishing';
  const outcome = await CancellationScope.nonCancellable(() =>
    store.finishOrchestration.executeWithOptions({ summary: 'Merge the answers and write the end' }, [
      { ...target, ending: { ...ending, ...(stop && { stop }) } },
    ]),
  );
  showStatus(outcome.status);
  await CancellationScope.nonCancellable(() => reporter.landed());
  await handlersFinished(outcome);
  return outcome;

  async function work(): Promise<Ending> {
    if (input.refusal) return { kind: 'failed', code: input.refusal };
    if (input.analyze) await understand();
    const routed = await store.routeRequest.executeWithOptions({ summary: 'Choose the agents' }, [target]);
    showRoute(routed);
    reporter.changed();
    const job: Job = {
      ...{ target, routed, desk, steering, course, changed: reporter.changed },
      ...{ cancelWork: () => workScope.cancel(), refused: new Set(), revision: 0, planned: false, questions: 0 },
    };
    stage = routed.planning ? 'planning' : routed.approval ? 'awaiting_approval' : 'running';
    const agreed = await agree(job);
    if ('kind' in agreed) return agreed;
    stage = 'running';
    return runCourse(job, agreed);
  }

  /** The model's analysis; when the model is away the route step reads the keywords instead. */
  async function understand(): Promise<void> {
    await model.analyzeRequest
      .executeWithOptions({ summary: 'Understand the request' }, [target])
      .catch((error: unknown) => {
        if (errorCodeOf(error).startsWith('budget')) throw error;
      });
  }

  function stopNow(mode: Stop['mode']): Stop {
    return { mode, at: new Date().toISOString(), callsInFlight: course.running.size };
  }
}

/** A run that was cancelled closes as cancelled; one whose end came first closes as completed, whatever came later. */
const handlersFinished = ({ status }: OrchestrationOutcome): Promise<void> =>
  status === 'cancelled'
    ? condition(allHandlersFinished)
    : CancellationScope.nonCancellable(() => condition(allHandlersFinished));

/** What the work came to: its own ending, a stop, or a failure that people can be told. */
async function endingOf(work: () => Promise<Ending>): Promise<Ending> {
  try {
    return await work();
  } catch (error) {
    if (isCancellation(error)) return { kind: 'cancelled' };
    return { kind: 'failed', code: errorCodeOf(error) };
  }
}
