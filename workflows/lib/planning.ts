import { isCancellation } from '@temporalio/workflow';
import type {
  CarriedProposal,
  Ending,
  OpenQuestion,
  PlannedWork,
  PlanOutline,
  RoutedWork,
  StepFailure,
  StepOutline,
} from '../../contracts/workflow.ts';
import { model, store } from '../proxies.ts';
import { errorCodeOf } from './failures.ts';
import { trackInFlight, type Job } from './job.ts';
import { newQuestion } from './approval-handlers.ts';
import { awaitAnswer } from './questions.ts';
import { failuresOf, stepsWithoutPlan } from './step-graph.ts';

/** What is to run, and what has to be asked before. */
interface Proposal {
  readonly steps: PlanOutline['steps'];
  readonly approval?: OpenQuestion;
}

export interface PlanReason {
  /** The first plan, one that somebody asked for, or one after a failure. */
  readonly why: 'first' | 'asked' | 'failure';
  /** Messages whose words the plan has to follow. */
  readonly constraints?: readonly string[];
}

/** The workflow has to continue as new, with a proposal that still waits for its approval or in the midst of the steps. */
export interface Suspended {
  readonly kind: 'suspended';
  readonly proposal?: CarriedProposal;
}

/** What is to run, approved by whoever has to; or how it ends when nobody does. */
export async function planAndApprove(
  job: Job,
  carried: CarriedProposal | undefined,
): Promise<readonly StepOutline[] | Ending | Suspended> {
  const { routed, steering } = job;
  let proposal: Proposal = carried
    ? { steps: carried.steps, approval: carried.open }
    : routed.planning
      ? await makePlan(job, { why: 'first' })
      : proposalWithoutPlan(routed);
  if (routed.dryRun) return { kind: 'planned' };
  for (;;) {
    if (steering.isStopped()) return { kind: 'stopped' };
    if (steering.isReplanWanted())
      proposal = await makePlan(job, { why: 'asked', constraints: steering.consumeConstraints() });
    if (!proposal.approval) return proposal.steps;
    const answer = await awaitAnswer(job, proposal.approval, true);
    if (answer.kind === 'expired') return { kind: 'expired' };
    if (answer.kind === 'withdrawn') continue;
    const steps = answer.plan?.steps ?? proposal.steps;
    if (answer.kind === 'suspended') return { kind: 'suspended', proposal: { steps, open: answer.open } };
    return answer.decision.verdict === 'cancel' ? { kind: 'cancelled' } : steps;
  }
}

/** A planner's draft, and one more after its mistakes have been shown to the planner. */
const MAX_DRAFTS = 2;

/** Has the planner make a plan. One that stays wrong is offered to the human as work without a plan. */
async function makePlan(job: Job, reason: PlanReason): Promise<Proposal> {
  const planned = await draftPlan(job, reason);
  if (planned) return planned;
  const offered = await store.proposeWithoutPlan.executeWithOptions({ summary: 'Offer to work without a plan' }, [
    job.target,
  ]);
  job.progress.isPlanned = false;
  job.changed();
  return proposalWithoutPlan(offered);
}

/** A valid plan, or undefined when no draft was one. */
export async function draftPlan(job: Job, { why, constraints = [] }: PlanReason): Promise<Proposal | undefined> {
  const failures = failuresOf(job.graph).filter(({ skipped }) => !skipped);
  for (let draft = 1; draft <= MAX_DRAFTS; draft++) {
    const revision = ++job.progress.planRevision;
    const planned = await draftOnce(job, { revision, why, constraints, repairs: draft > 1, failures });
    job.changed();
    if (planned.verdict === 'rejected') continue;
    job.progress.isPlanned = true;
    return { steps: planned.plan.steps, ...(planned.approval && { approval: newQuestion(planned.approval) }) };
  }
  return undefined;
}

interface Draft extends Required<PlanReason> {
  readonly revision: number;
  readonly repairs: boolean;
  readonly failures: readonly StepFailure[];
}

async function draftOnce(job: Job, draft: Draft): Promise<PlannedWork> {
  try {
    const summary = `Plan, revision ${draft.revision}`;
    await trackInFlight(job, model.draftPlan.executeWithOptions({ summary }, [{ ...job.target, ...draft }]));
  } catch (error) {
    // A planner that is away is no reason to leave the request alone: the human is asked.
    if (isCancellation(error) || errorCodeOf(error).startsWith('budget')) throw error;
    return { verdict: 'rejected' };
  }
  return store.adoptPlan.executeWithOptions({ summary: 'Check and price the plan' }, [{ ...job.target, ...draft }]);
}

function proposalWithoutPlan({ agents, mode, approval }: RoutedWork): Proposal {
  return { steps: stepsWithoutPlan({ agents, mode }), ...(approval && { approval: newQuestion(approval) }) };
}
