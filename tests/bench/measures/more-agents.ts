import { type AgentId, TRAINED_AGENTS } from '../../../contracts/agents.ts';
import type { Measure } from '../bench.ts';
import { cpuPerRequest, serverAndApp } from '../cpu.ts';
import { inTurn } from '../client/callers.ts';
import { follow } from '../client/follower.ts';
import { ask } from '../client/rest.ts';
import { ms } from '../report/row.ts';
import { middle, rounds } from '../rounds.ts';
import { makeTenant } from '../stage/tenant.ts';
import { median } from '../statistics.ts';

const FEW = 3;
const MOST = TRAINED_AGENTS.length;

/** Three agents against nine, the most that a request may name; the bound is the one of thirty. */
export const moreAgents: Measure = async ({ size, stage: openStage }) => {
  const stage = await openStage();
  const tenant = await makeTenant(stage);
  const follower = await follow(stage, tenant);
  const requests = size.agentRuns;
  const withAgents = (agents: readonly AgentId[]) =>
    cpuPerRequest({ stage, requests }, async () => {
      const load = await inTurn(requests, 1, async () =>
        follower.completed(await ask(stage, tenant, { agents: [...agents], mode: 'parallel' })),
      );
      if (load.errors.length > 0) throw new Error(load.errors[0]);
      return median(load.latenciesMs);
    });
  const all = await rounds(size.rounds, async () => ({
    few: await withAgents(TRAINED_AGENTS.slice(0, FEW)),
    most: await withAgents(TRAINED_AGENTS),
  }));
  follower.close();
  const [few, most] = [middle(all, (round) => round.few.result), middle(all, (round) => round.most.result)];
  const added = MOST - FEW;
  const perAgent = middle(all, ({ few, most }) => (serverAndApp(most.cpu) - serverAndApp(few.cpu)) / added);
  const postgres = middle(all, ({ few, most }) => (most.cpu.postgres - few.cpu.postgres) / added);
  return [
    {
      goal: `${MOST} agents ≤ 3 × the p50 of ${FEW} (whole requests)`,
      reference: `${FEW} agents ${ms(few)}`,
      measured: ms(most),
      ratio: most / few,
      value: most / few,
      bound: { atMost: 3 },
      note: 'a request may name nine agents at most',
    },
    {
      goal: 'CPU per added agent ≤ 5 ms (whole requests)',
      reference: '3.2-4 ms bare',
      measured: ms(perAgent),
      value: perAgent,
      bound: { atMost: 5 },
      note: `Temporal, API and worker; beside it Postgres ${ms(postgres)}`,
      figures: all,
    },
  ];
};
