import type { Measure } from '../bench.ts';
import { inTurn } from '../client/callers.ts';
import { follow } from '../client/follower.ts';
import { ask, neverAsk, UNCLEAR } from '../client/rest.ts';
import { ms, type Row } from '../report/row.ts';
import { middle, rounds } from '../rounds.ts';
import { makeTenant } from '../stage/tenant.ts';
import { median } from '../statistics.ts';

const STEPS = [1, 2, 4, 8, 16, 32] as const;
const AT_ONCE = 8;

/** Planned requests of ever more steps with an instant model, each beside a bare workflow of the same shape. */
export const plans: Measure = async ({ size, stage: openStage, bare: openBare }) => {
  const [stage, bare] = [await openStage(), await openBare()];
  const tenant = await makeTenant(stage);
  await neverAsk(stage, tenant);
  const follower = await follow(stage, tenant);
  const count = size.planRuns;
  let nth = 0;
  const pair = async (steps: number, atOnce: boolean) => {
    const words = `${steps} steps ${atOnce ? 'at once' : 'in a chain'}`;
    const load = await inTurn(count, 1, async () =>
      follower.completed(await ask(stage, tenant, { message: `${UNCLEAR}: ${words} (${++nth})`, plan: 'always' })),
    );
    if (load.errors.length > 0) throw new Error(load.errors[0]);
    const run = { count, callers: 1, workflow: 'barePlanWorkflow', input: { steps, atOnce } };
    return { ours: median(load.latenciesMs), bare: median((await bare.run(run)).latenciesMs) };
  };
  const all = await rounds(size.rounds, async () => ({
    chains: await rounds(STEPS.length, (index) => pair(STEPS[index - 1] ?? 1, false)),
    atOnce: await pair(AT_ONCE, true),
  }));
  follower.close();
  const chain = (index: number, who: 'ours' | 'bare') =>
    middle(all, (round) => round.chains[index]?.[who] ?? Number.NaN);
  const rows = STEPS.map((steps, index): Row => {
    const [ours, base] = [chain(index, 'ours'), chain(index, 'bare')];
    const goal = `plan of ${steps} steps in a chain`;
    return { goal, reference: `bare ${ms(base)}`, measured: ms(ours), ratio: ours / base, value: ours / base };
  });
  const perStep = (from: number, to: number) =>
    (chain(to, 'ours') - chain(from, 'ours')) / ((STEPS[to] ?? 0) - (STEPS[from] ?? 0));
  const [early, late] = [perStep(1, 3), perStep(3, 5)];
  const [ours, base] = [middle(all, (round) => round.atOnce.ours), middle(all, (round) => round.atOnce.bare)];
  return [
    ...rows,
    {
      goal: 'plans of 1 → 32 steps linear: a late step ≤ 1.25 × an early one',
      reference: `steps 3 to 8: ${ms(early)} each`,
      measured: `${ms(late)} each`,
      ratio: late / early,
      value: late / early,
      bound: { atMost: 1.25 },
      figures: all,
    },
    {
      goal: `plan of ${AT_ONCE} agents at once: p50 ≤ 1.5 × bare (stretch 1.3)`,
      reference: `bare ${ms(base)}`,
      measured: ms(ours),
      ratio: ours / base,
      value: ours / base,
      bound: { atMost: 1.5, stretch: 1.3 },
    },
  ];
};
