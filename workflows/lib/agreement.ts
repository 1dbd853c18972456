import type { Ending, RoutedWork, StepOutline } from '../../contracts/workflow.ts';
import type { Job, Proposal } from './job.ts';
import { makePlan } from './planning.ts';
import { awaitAnswer } from './questions.ts';

/** What is to run, agreed on with whoever has to agree; or how it ends when nobody does. */
export async function agree(job: Job): Promise<readonly StepOutline[] | Ending> {
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

/** The routed agents as steps: at once, one after the other whatever becomes of the one before, or as stand-ins. */
export function withoutPlan({ agents, mode, approval }: Pick<RoutedWork, 'agents' | 'mode' | 'approval'>): Proposal {
  const runs = { parallel: 'after_success', sequential: 'after_all', fallback: 'after_failure' } as const;
  const steps = agents.map(({ agent }, index) => {
    const before = mode === 'parallel' ? undefined : agents[index - 1];
    return {
      id: agent,
      kind: 'agent' as const,
      agent,
      needs: before ? [before.agent] : [],
      runs: runs[mode],
      conditional: false,
    };
  });
  return { steps, ...(approval && { approval }) };
}
