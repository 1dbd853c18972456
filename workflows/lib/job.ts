import { CancellationScope, uuid4 } from '@temporalio/workflow';
import type {
  CarriedProposal,
  CarriedState,
  JobProgress,
  OrchestrationInput,
  OrchestrationTarget,
  RoutedWork,
  Stop,
} from '../../contracts/workflow.ts';
import { decisions, store } from '../proxies.ts';
import { createApprovalHandlers, type ApprovalHandlers } from './approval-handlers.ts';
import { createContinuation, type Continuation } from './continuation.ts';
import type { ApprovalDeps } from './pending-question.ts';
import type { Reporter } from './reporter.ts';
import { createSteeringHandlers, type SteeringHandlers } from './steering-handlers.ts';
import { createStepGraph, type StepGraph } from './step-graph.ts';

/** One request at work, as the parts of its workflow share it. */
export interface Job extends Pick<Reporter, 'changed' | 'showStatus'> {
  readonly target: OrchestrationTarget;
  /** Set once the request has been routed, before anything else looks at it. */
  routed: RoutedWork;
  readonly approvals: ApprovalHandlers;
  readonly steering: SteeringHandlers;
  readonly continuation: Continuation;
  readonly graph: StepGraph;
  /** Interrupts all work: a person has answered CANCEL. */
  readonly cancelWork: () => void;
  readonly progress: JobProgress;
  /** Model and tool calls under way. */
  callsInFlight: number;
  /** Set once a stop or a cancel has come. */
  stop?: Stop;
  /** Steps whose budget was refused. */
  readonly refusedSteps: Set<string>;
  /** All of them wait for one answer. */
  budgetAnswer?: Promise<'raise' | 'skip' | 'stop' | 'withdrawn'>;
}

/** Nobody has been chosen yet. */
const UNROUTED: RoutedWork = { agents: [], mode: 'parallel', category: 'quick', maxExecutionMs: 0 };
const NOTHING_YET: JobProgress = {
  planRevision: 0,
  isPlanned: false,
  hasCalledTools: false,
  questionsAsked: 0,
  replans: 0,
  followUps: 0,
};

/** A job whose messages may arrive: sets every handler, so it is called before the workflow's first await. */
export function createJob(
  { organizationId, orchestrationId, carried }: OrchestrationInput,
  reporter: Reporter,
  workScope: CancellationScope,
): Job {
  const target = { organizationId, orchestrationId };
  const { changed, showStatus } = reporter;
  const continuation = createContinuation(reporter);
  const early = [...(carried?.earlyDecisions ?? [])];
  const approvals = createApprovalHandlers(
    approvalDeps(target, reporter, () => job),
    early,
  );
  const steering = createSteeringHandlers(
    {
      isAccepted: (message) => store.isSteeringAccepted({ ...target, message }),
      onMessage: (mode) => {
        if (mode === 'stop') recordStop('stop');
        if (mode !== 'steer') approvals.withdraw();
        changed();
      },
    },
    carried?.steering,
  );
  const job: Job = {
    target,
    approvals,
    steering,
    continuation,
    changed,
    showStatus,
    progress: { ...(carried?.progress ?? NOTHING_YET) },
    routed: carried?.routed ?? UNROUTED,
    graph: createStepGraph(carried?.steps ?? [], carried?.results),
    cancelWork: () => {
      recordStop('cancel');
      workScope.cancel();
    },
    callsInFlight: 0,
    refusedSteps: new Set(),
  };
  void CancellationScope.current().cancelRequested.catch(() => recordStop('cancel'));
  return job;

  function recordStop(mode: Stop['mode']): void {
    job.stop ??= { mode, at: new Date().toISOString(), callsInFlight: job.callsInFlight };
  }
}

/** `currentJob` is asked once messages arrive. */
const approvalDeps = (
  target: OrchestrationTarget,
  { changed, remind }: Reporter,
  currentJob: () => Job,
): ApprovalDeps => ({
  remind: ({ id: approvalId }, { nth, escalates }) => remind({ approvalId, nth, escalates }),
  judge: (decision, others) => store.judgeDecision({ ...target, decision, others }),
  recordRefusal: (decision, reason) =>
    store.recordRefusal({
      ...target,
      id: uuid4(),
      action: 'approval.decide',
      userId: decision.userId,
      details: { ...decision, reason },
    }),
  countApproval: (decision) => decisions.recordDecision({ ...target, decision, partial: true }).then(changed),
  revise: async (decision) => {
    const job = currentJob();
    const revised = await decisions.revisePlan({ ...target, decision }).finally(changed);
    // The planner's next draft comes after the edited plan.
    if ('plan' in revised) job.progress.planRevision = Math.max(job.progress.planRevision, revised.plan.revision);
    return revised;
  },
  isMoot: () => currentJob().steering.isStopped() || currentJob().steering.isReplanWanted(),
  continuation: () => currentJob().continuation,
});

/** What the next run of the workflow has to know; taken where no step runs. */
export const carriedState = (job: Job, proposal: CarriedProposal | undefined): CarriedState => ({
  routed: job.routed,
  progress: job.progress,
  steps: job.graph.steps,
  results: [...job.graph.results],
  steering: job.steering.carry(),
  earlyDecisions: job.approvals.earlyDecisions(),
  ...(proposal && { proposal }),
});

/** Counts a call while it is under way, for the receipt of a stop. */
export async function trackInFlight<T>(job: Job, call: Promise<T>): Promise<T> {
  job.callsInFlight++;
  try {
    return await call;
  } finally {
    job.callsInFlight--;
  }
}
