import type { Ending, StepOutline } from '../../contracts/workflow.ts';
import type { Job } from './job.ts';
import { makePlan } from './planning.ts';
import { awaitAnswer } from './questions.ts';
import { withoutPlan } from './without-plan.ts';

/** What is to run, agreed on with whoever has to planAndApprove; or how it ends when nobody does. */
export async function planAndApprove(job: Job): Promise<readonly StepOutline[] | Ending> {
  const { routed, steering } = job;
  let proposal = routed.planning ? await makePlan(job, { why: 'first' }) : withoutPlan(routed);
  if (routed.dryRun) return { kind: 'planned' };
  for (;;) {
    if (steering.stopped()) return { kind: 'stopped' };
    if (steering.wantsReplan()) proposal = await makePlan(job, { why: 'asked', constraints: steering.takeReplan() });
    if (!proposal.approval) return proposal.steps;
    const answer = await awaitAnswer(job, proposal.approval);
    if (answer.kind === 'expired') return { kind: 'expired' };
    if (answer.kind === 'withdrawn') continue;
    if (answer.decision.verdict === 'cancel') return { kind: 'cancelled' };
    return answer.plan?.steps ?? proposal.steps;
  }
}
