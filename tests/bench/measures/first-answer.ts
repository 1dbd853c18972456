import type { Measure } from '../bench.ts';
import { nowMs } from '../clock.ts';
import { follow } from '../client/follower.ts';
import { ask } from '../client/rest.ts';
import { ms, type Row } from '../report/row.ts';
import { middle, rounds } from '../rounds.ts';
import { makeTenant } from '../stage/tenant.ts';
import { percentile } from '../statistics.ts';

/**
 * How soon a caller over REST has something durable: the 202, and the chosen agents with the budget's verdict, which
 * the route step writes and the event stream tells. The request names its agents, so no model is in between.
 */
export const firstAnswer: Measure = async ({ size, stage: openStage }) => {
  const stage = await openStage();
  const tenant = await makeTenant(stage);
  const follower = await follow(stage, tenant);
  const once = async () => {
    const start = nowMs();
    const jobId = await ask(stage, tenant, { agents: ['brand', 'marketing', 'finance'] });
    const accepted = nowMs() - start;
    await follower.completed(jobId);
    const routed = follower.eventsOf(jobId).find(({ status }) => status === 'running');
    return { accepted, routed: Date.parse(routed?.at ?? '') - start };
  };
  const all = await rounds(size.rounds, () => rounds(size.firstAnswers, once));
  follower.close();
  const row = (goal: string, figure: (one: Awaited<ReturnType<typeof once>>) => number, bound?: Row['bound']): Row => {
    const at = (share: number) => middle(all, (round) => percentile(round.map(figure), share));
    const p50 = at(0.5);
    return { goal, reference: '17.5 ms bare', measured: ms(p50), value: p50, bound, note: `p95 ${ms(at(0.95))}` };
  };
  return [
    row('first durable answer over REST (202): p50 ≤ 25 ms', ({ accepted }) => accepted, { atMost: 25 }),
    row('… until agents and budget verdict are committed: p50 ≤ 25 ms', ({ routed }) => routed, { atMost: 25 }),
  ];
};
