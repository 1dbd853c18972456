import type { Measure } from '../bench.ts';
import { nowMs } from '../clock.ts';
import { inTurn } from '../client/callers.ts';
import { follow } from '../client/follower.ts';
import { ask, CLEAR, UNCLEAR } from '../client/rest.ts';
import { watchSlack } from '../client/slack-calls.ts';
import { mention } from '../client/slack-events.ts';
import { ms, type Row } from '../report/row.ts';
import { middle, rounds } from '../rounds.ts';
import { makeTenant } from '../stage/tenant.ts';
import { percentile } from '../statistics.ts';

interface Pair {
  readonly ours: readonly number[];
  readonly bare: readonly number[];
}

/** Requests with and without the analysis turn; the bare workflow has the shape of the kind beside it. */
const KINDS = [
  { kind: 'understood locally', analyze: false, message: CLEAR },
  { kind: 'with an analysis turn', analyze: true, message: UNCLEAR },
] as const;

/** One caller, one request after the other, each beside as many bare workflows of the same shape. */
export const wholeRequest: Measure = async ({ size, stage: openStage, bare: openBare }) => {
  const [stage, bare] = [await openStage(), await openBare()];
  const count = size.oneCaller;
  const tenant = await makeTenant(stage, count * size.rounds * KINDS.length);
  const [follower, slack] = [await follow(stage, tenant), await watchSlack(stage)];
  let nth = 0;
  const runBare = async (analyze: boolean, reporting: boolean) =>
    (await bare.run({ count, callers: 1, workflow: 'bareWorkflow', input: { analyze, agents: 3, reporting } }))
      .latenciesMs;
  const measure = async ({ analyze, message }: (typeof KINDS)[number]) => {
    const bareRest = await runBare(analyze, false);
    const asked = () => ask(stage, tenant, { message: `${message} ${++nth}` });
    const rest = await inTurn(count, 1, async () => follower.completed(await asked()));
    if (rest.errors.length > 0) throw new Error(rest.errors[0]);
    const bareSlack = await runBare(analyze, true);
    const calls: number[] = [];
    const ours = await rounds(count, async () => {
      const start = nowMs();
      const thread = await mention(stage, tenant, message);
      const { at } = await slack.final(thread);
      calls.push(slack.callsOf(thread).length);
      return at - start;
    });
    return { rest: { ours: rest.latenciesMs, bare: bareRest }, slack: { ours, bare: bareSlack }, calls };
  };
  // Both kinds in every round, so that neither has the warmer machine.
  const all = await rounds(size.rounds, async () => [await measure(KINDS[0]), await measure(KINDS[1])] as const);
  follower.close();
  slack.close();
  return KINDS.flatMap(({ kind }, at) => {
    const mine = all.map((round) => round[at] ?? round[0]);
    const calls = mine.flatMap((round) => round.calls);
    const perRun = (calls.reduce((total, each) => total + each, 0) / calls.length).toFixed(1);
    const note = `${perRun} Slack calls per request; the bare writer reports alike`;
    return [
      ...rowsOf(
        `REST, ${kind}`,
        mine.map(({ rest }) => rest),
      ),
      ...rowsOf(
        `Slack, ${kind}`,
        mine.map((round) => round.slack),
        note,
      ),
    ];
  });
};

function rowsOf(door: string, all: readonly Pair[], note?: string): Row[] {
  const row = (name: string, share: number, bound: Row['bound']): Row => {
    const [ours, bare] = [
      middle(all, (round) => percentile(round.ours, share)),
      middle(all, (round) => percentile(round.bare, share)),
    ];
    const ratio = ours / bare;
    return {
      goal: `whole request over ${door}, one caller: ${name}`,
      reference: `bare ${ms(bare)}`,
      measured: ms(ours),
      ratio,
      value: ratio,
      bound,
      figures: all.map((round) => ({ ours: percentile(round.ours, share), bare: percentile(round.bare, share) })),
    };
  };
  return [
    { ...row('p50 ≤ 1.5 × bare (stretch 1.3)', 0.5, { atMost: 1.5, stretch: 1.3 }), note },
    row('p95 ≤ 2 × bare', 0.95, { atMost: 2 }),
  ];
}
