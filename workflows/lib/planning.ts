import { isCancellation } from '@temporalio/workflow';
import type { PlannedWork, StepFailure } from '../../contracts/workflow.ts';
import { model, store } from '../proxies.ts';
import { withoutPlan } from './without-plan.ts';
import { failuresOf } from './step-graph.ts';
import { errorCodeOf } from './failures.ts';
import { trackInFlight, type Job, type Proposal } from './job.ts';

export interface Why {
  /** The first plan, one that somebody asked for, or one after a failure. */
  readonly why: 'first' | 'asked' | 'failure';
  /** Messages whose words the plan has to follow. */
  readonly constraints?: readonly string[];
}

/** A draft, and one more after its mistakes have been shown to the planner. */
const DRAFTS = 2;

/** Has the planner make a plan. One that stays wrong is offered to the human as work without a plan. */
export async function makePlan(job: Job, why: Why): Promise<Proposal> {
  const planned = await draftPlan(job, why);
  if (planned) return planned;
  const offered = await store.proposeWithoutPlan.executeWithOptions({ summary: 'Offer to work without a plan' }, [
    job.target,
  ]);
  job.planned = false;
  job.changed();
  return withoutPlan(offered);
}

/** A valid plan, or undefined when neither draft was one. */
export async function draftPlan(job: Job, { why, constraints = [] }: Why): Promise<Proposal | undefined> {
  const failures: StepFailure[] = failuresOf(job.course).filter(({ skipped }) => !skipped);
  for (let draft = 1; draft <= DRAFTS; draft++) {
    const revision = ++job.revision;
    const planned = await oneDraft(job, { revision, why, constraints, repairs: draft > 1, failures });
    job.changed();
    if (planned.verdict === 'rejected') continue;
    job.planned = true;
    return { steps: planned.plan.steps, ...(planned.approval && { approval: planned.approval }) };
  }
  return undefined;
}

interface Draft extends Required<Why> {
  readonly revision: number;
  readonly repairs: boolean;
  readonly failures: readonly StepFailure[];
}

async function oneDraft(job: Job, draft: Draft): Promise<PlannedWork> {
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
