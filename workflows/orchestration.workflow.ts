import { allHandlersFinished, CancellationScope, condition, isCancellation, setHandler } from '@temporalio/workflow';
import type { Ending, OrchestrationInput, OrchestrationOutcome } from '../contracts/workflow.ts';
import { continueOrchestration } from './lib/continuation.ts';
import { executePlan } from './lib/execute-plan.ts';
import { errorCodeOf } from './lib/failures.ts';
import { carriedState, createJob, trackInFlight } from './lib/job.ts';
import { planAndApprove, type Suspended } from './lib/planning.ts';
import { startReporter } from './lib/reporter.ts';
import { runToolJob } from './lib/tool-calls.ts';
import { stageQuery, type Stage } from './messages.ts';
import { model, slack, store } from './proxies.ts';

/** One request, from its words to its answer: understand, route, plan, ask, work, finish, report. */
export async function orchestrationWorkflow(input: OrchestrationInput): Promise<OrchestrationOutcome> {
  let stage: Stage = 'understanding';
  const workScope = new CancellationScope();
  const reporter = startReporter(input);
  const job = createJob(input, reporter, workScope);
  setHandler(stageQuery, () => (job.approvals.isWaiting() ? 'awaiting_approval' : stage));

  const ending = await endingOf(() => workScope.run(work));
  if (ending.kind === 'suspended')
    return continueOrchestration({ ...input, carried: carriedState(job, ending.proposal) });
  job.steering.close();
  stage = 'finishing';
  const outcome = await CancellationScope.nonCancellable(() =>
    store.finishOrchestration.executeWithOptions({ summary: 'Merge the answers and write the end' }, [
      { ...job.target, ending: { ...ending, ...(job.stop && { stop: job.stop }) } },
    ]),
  );
  reporter.showStatus(outcome.status);
  await CancellationScope.nonCancellable(() => reporter.flush());
  await handlersFinished(outcome);
  return outcome;

  async function work(): Promise<Ending | Suspended> {
    const { refusal, tool, analyze, carried } = input;
    if (refusal) return { kind: 'failed', code: refusal };
    if (tool) return runToolJob(job);
    if (!carried && input.readsThread) await slack.readThread(job.target);
    if (!carried && analyze) await understand();
    if (!carried)
      job.routed = await store.routeRequest.executeWithOptions({ summary: 'Choose the agents' }, [job.target]);
    reporter.showRoute(job.routed);
    reporter.changed();
    if (!carried || carried.proposal) {
      stage = job.routed.planning ? 'planning' : 'running';
      const approved = await planAndApprove(job, carried?.proposal);
      if ('kind' in approved) return approved;
      job.graph.steps = approved;
    }
    stage = 'running';
    return executePlan(job);
  }

  /** The model's analysis; when the model is away the route step reads the keywords instead. */
  async function understand(): Promise<void> {
    const call = model.analyzeRequest.executeWithOptions({ summary: 'Understand the request' }, [job.target]);
    await trackInFlight(job, call).catch((error: unknown) => {
      if (errorCodeOf(error).startsWith('budget')) throw error;
    });
  }
}

/** A run that was cancelled closes as cancelled; one whose end came first closes as completed, whatever came later. */
const handlersFinished = ({ status }: OrchestrationOutcome): Promise<void> =>
  status === 'cancelled'
    ? condition(allHandlersFinished)
    : CancellationScope.nonCancellable(() => condition(allHandlersFinished));

/** What the work came to: its own ending, a stop, or a failure that people can be told. */
async function endingOf(work: () => Promise<Ending | Suspended>): Promise<Ending | Suspended> {
  try {
    return await work();
  } catch (error) {
    if (isCancellation(error)) return { kind: 'cancelled' };
    return { kind: 'failed', code: errorCodeOf(error) };
  }
}
