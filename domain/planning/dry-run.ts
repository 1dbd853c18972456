import { nanosToCents } from '../../contracts/money.ts';
import type { AggregatedResult } from '../../contracts/orchestration.ts';
import { agentName } from '../../contracts/phases.ts';
import { textsFor, type Texts } from '../../contracts/texts.ts';
import type { OrganizationTransaction } from '../../db/organization.ts';
import { costOf } from '../../db/queries/budget.ts';
import type { Orchestration } from '../../db/queries/orchestrations.ts';
import { findPlan } from '../../db/queries/plans.ts';
import type { Step } from '../../db/queries/steps.ts';
import { estimateRun, type EstimateDeps } from '../budgets/estimate.ts';

/** What would happen and what it would cost, as the answer of a dry run. */
export async function dryRunResult(
  deps: EstimateDeps,
  trx: OrganizationTransaction,
  orchestration: Orchestration,
  steps: readonly Step[],
  tookMs: number,
): Promise<AggregatedResult> {
  const texts = textsFor(orchestration.language);
  const plan = (await findPlan(trx, orchestration.id))?.document;
  const lines = plan
    ? plan.steps.map(({ phase, title, tool, risk, estimate }) =>
        line(phase, tool ? `${title} [${tool}]` : title, estimate.cents, risk === 'read' ? '' : risk),
      )
    : steps.map(({ agent, id }) => line(1, agent ? agentName(agent) : id, priceOf(deps, orchestration, agent), ''));
  const total = plan ?? totalOf(deps, orchestration, steps);
  const spent = nanosToCents(await costOf(trx, orchestration.id));
  return {
    primary_result: [`**${texts.planned}**`, lines.join('\n'), totals(texts, total, spent)].join('\n\n'),
    supporting_insights: [],
    confidence_score: orchestration.route?.confidence ?? 0,
    aggregation_method: 'weighted_merge',
    agents_used: [],
    execution_time_ms: tookMs,
    primary_agent: null,
    models_used: [],
    missing_agents: [],
  };
}

const line = (phase: number, title: string, cents: number, risk: string): string =>
  `${phase}. ${title} — ${cents.toFixed(2)}¢${risk ? ` (${risk})` : ''}`;

const totals = (texts: Texts, { cents, worstCents }: { cents: number; worstCents: number }, spent: number): string =>
  `${texts.estimate}: ${cents.toFixed(2)}¢ (${texts.worstCase} ${worstCents.toFixed(2)}¢) · ${texts.cost}: ${spent.toFixed(2)}¢`;

const estimateOf = (deps: EstimateDeps, { message, route }: Orchestration, agents: readonly Step['agent'][]) =>
  estimateRun(deps, {
    agents: agents.flatMap((agent) => agent ?? []),
    requestBytes: Buffer.byteLength(message),
    sequential: route?.mode === 'sequential',
  });

const priceOf = (deps: EstimateDeps, orchestration: Orchestration, agent: Step['agent']): number =>
  nanosToCents(estimateOf(deps, orchestration, [agent]).usualNanos);

function totalOf(deps: EstimateDeps, orchestration: Orchestration, steps: readonly Step[]) {
  const all = estimateOf(
    deps,
    orchestration,
    steps.map(({ agent }) => agent),
  );
  return { cents: nanosToCents(all.usualNanos), worstCents: nanosToCents(all.worstNanos) };
}
