import type { Approval } from '../../contracts/approval.ts';
import type { Plan } from '../../contracts/plan.ts';
import { textsFor } from '../../contracts/texts.ts';
import type { OrganizationTransaction } from '../../db/organization.ts';
import type { Orchestration } from '../../db/queries/orchestrations.ts';
import type { Step } from '../../db/queries/steps.ts';
import { createApproval } from '../approvals/approval.ts';
import { currentPolicy, expiryOf, reasonToAsk, type PolicyDeps } from '../approvals/policy.ts';

/** The question about a plan, and whether it has to be asked. The hash names what was shown, asked or not. */
export async function planQuestion(
  deps: PolicyDeps,
  trx: OrganizationTransaction,
  orchestration: Orchestration,
  { plan, before, isContinuation }: { plan: Plan; before: readonly Step[]; isContinuation: boolean },
): Promise<{ needed: boolean; hash: string; document: Approval }> {
  const now = Date.now();
  const { policy, answers } = await currentPolicy(trx, deps, { askerId: orchestration.user_id, now });
  const work = {
    estimatedCents: plan.cents,
    category: orchestration.route?.category ?? 'quick',
    required: orchestration.options.requireApproval ?? false,
    steps: plan.steps,
  };
  const reason = reasonToAsk(work, policy, deps.approvalRules);
  const replanned = plan.source === 'replanned';
  const document = createApproval({
    orchestrationId: orchestration.id,
    message: orchestration.message,
    name: `plan:${plan.revision}`,
    shown: {
      kind: replanned ? 'replan' : 'plan',
      expiresAt: expiryOf(policy, deps.approvalRules, now),
      policy: answers,
      plan: {
        agents: agentsOf(plan),
        mode: plan.phases > 1 ? 'sequential' : 'parallel',
        estimatedCents: plan.cents,
        worstCaseCents: plan.worstCents,
        question: textsFor(orchestration.language).question,
        goal: plan.goal,
        revision: plan.revision,
        minutes: plan.minutes,
        steps: plan.steps,
      },
    },
  });
  // An edited plan always has a question, which its editor answers with the edits, even if the policy has changed.
  const isWanted = reason !== undefined || plan.source === 'edited';
  const needed = isWanted && !orchestration.options.dryRun && !(isContinuation && isWithinApproved(plan, before));
  return { needed, hash: document.hash, document };
}

const agentsOf = ({ steps }: Plan): Approval['plan']['agents'] =>
  [...new Set(steps.flatMap(({ agent }) => agent ?? []))].map((agent) => ({ agent, relevance: 1 }));

/** No more expensive than what it replaces, and with no kind of outside change that was not approved. */
function isWithinApproved({ steps, worstCents }: Plan, before: readonly Step[]): boolean {
  const unfinished = before.filter(({ status }) => status !== 'done');
  const approvedCents = unfinished.reduce((sum, { estimate }) => sum + (estimate?.worstCents ?? 0), 0);
  const approvedRisks = new Set<string>(unfinished.map(({ risk }) => risk));
  return worstCents <= approvedCents && steps.every(({ risk }) => risk === 'read' || approvedRisks.has(risk));
}
