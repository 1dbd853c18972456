import { allHandlersFinished, CancellationScope, condition, isCancellation, setHandler } from '@temporalio/workflow';
import type { Ending, OrchestrationInput, OrchestrationOutcome, RoutedWork } from '../contracts/workflow.ts';
import { runAgents } from './lib/agents.ts';
import { openApprovalDesk } from './lib/approval-desk.ts';
import { showRoute, showStatus } from './lib/display.ts';
import { errorCodeOf } from './lib/failures.ts';
import { startReporter } from './lib/reporter.ts';
import { stageQuery, type Stage } from './messages.ts';
import { decisions, model, store } from './proxies.ts';

/** One request, from its words to its answer: understand, route, ask, work, finish, report. */
export async function orchestrationWorkflow(input: OrchestrationInput): Promise<OrchestrationOutcome> {
  const { organizationId, orchestrationId } = input;
  const target = { organizationId, orchestrationId };
  let stage: Stage = 'understanding';
  setHandler(stageQuery, () => stage);
  const desk = openApprovalDesk();
  const reporter = startReporter(input);

  const ending = await endingOf(work);
  stage = 'finishing';
  const outcome = await CancellationScope.nonCancellable(() =>
    store.finishOrchestration.executeWithOptions({ summary: 'Merge the answers and write the end' }, [
      { ...target, ending },
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
    const verdict = routed.approval ? await ask(routed.approval) : 'approve';
    if (verdict !== 'approve') return { kind: verdict === 'cancel' ? 'cancelled' : 'expired' };
    stage = 'running';
    const failures = await runAgents({ ...target, work: routed, changed: reporter.changed });
    return { kind: 'worked', failures };
  }

  /** The model's analysis; when the model is away the route step reads the keywords instead. */
  async function understand(): Promise<void> {
    await model.analyzeRequest
      .executeWithOptions({ summary: 'Understand the request' }, [target])
      .catch((error: unknown) => {
        if (errorCodeOf(error).startsWith('budget')) throw error;
      });
  }

  async function ask(question: NonNullable<RoutedWork['approval']>): Promise<'approve' | 'cancel' | 'expired'> {
    stage = 'awaiting_approval';
    showStatus(stage);
    const decision = await desk.ask(question);
    if (!decision) return 'expired';
    await decisions.recordApproval.executeWithOptions({ summary: `Decision: ${decision.verdict}` }, [
      { ...target, decision },
    ]);
    showStatus('running');
    reporter.changed();
    return decision.verdict;
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
