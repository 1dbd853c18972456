import type { PlanDraft } from '../../contracts/plan.ts';
import type { OrganizationTransaction } from '../../db/organization.ts';
import { pastCosts } from '../../db/queries/past-costs.ts';
import { tierOf, type PastRuns } from './price.ts';
import type { EstimateDeps } from '../budgets/estimate.ts';

/** What the organization's own past runs of a plan's agents were like, by agent. */
export async function pastRunsOf(
  { models, agents }: Pick<EstimateDeps, 'models' | 'agents'>,
  trx: OrganizationTransaction,
  { steps }: PlanDraft,
): Promise<Map<string, PastRuns>> {
  const found = new Map<string, PastRuns>();
  for (const step of steps) {
    const agent = step.agent;
    if (step.kind !== 'agent' || !agent || found.has(agent)) continue;
    const tier = tierOf(step, agents);
    if (!tier) continue;
    const past = await pastCosts(trx, { agent, model: models[tier] });
    found.set(agent, {
      runs: past.calls,
      inputTokens: past.meanInputTokens,
      outputTokens: past.meanOutputTokens,
      seconds: past.calls > 0 ? past.meanDurationMs / 1_000 : null,
    });
  }
  return found;
}
