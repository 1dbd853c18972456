import type { Measure } from '../bench.ts';
import { cpuPerRequest, serverAndBare } from '../cpu.ts';
import { ms } from '../report/row.ts';
import { middle, rounds } from '../rounds.ts';
import { median } from '../statistics.ts';

const STEPS = [1, 8, 32] as const;

/** The product's own walk with empty activities: thirty at once against three, and one after the other. */
export const manySteps: Measure = async ({ size, stage: openStage, bare: openBare }) => {
  const [stage, bare] = [await openStage(), await openBare()];
  const p50Of = async (count: number, input: { agents: number; mode: 'parallel' | 'sequential' }) =>
    median((await bare.run({ count, callers: 1, workflow: 'manyAgentsWorkflow', input })).latenciesMs);
  const parallel = (agents: number) =>
    cpuPerRequest({ stage, bare, requests: size.agentRuns }, () => p50Of(size.agentRuns, { agents, mode: 'parallel' }));
  const all = await rounds(size.rounds, async () => ({
    three: await parallel(3),
    thirty: await parallel(30),
    steps: await rounds(STEPS.length, (nth) =>
      p50Of(size.stepRuns, { agents: STEPS[nth - 1] ?? 1, mode: 'sequential' }),
    ),
  }));
  const [three, thirty] = [middle(all, (round) => round.three.result), middle(all, (round) => round.thirty.result)];
  const cpu = middle(all, (round) => (serverAndBare(round.thirty.cpu) - serverAndBare(round.three.cpu)) / 27);
  const [one, eight, most] = STEPS.map((_, nth) => middle(all, (round) => round.steps[nth] ?? Number.NaN));
  const early = ((eight ?? 0) - (one ?? 0)) / (STEPS[1] - STEPS[0]);
  const late = ((most ?? 0) - (eight ?? 0)) / (STEPS[2] - STEPS[1]);
  return [
    {
      goal: '30 agents ≤ 3 × the p50 of 3 (our walk, empty activities)',
      reference: `3 agents ${ms(three)}`,
      measured: ms(thirty),
      ratio: thirty / three,
      value: thirty / three,
      bound: { atMost: 3 },
      note: `CPU per added agent ${ms(cpu)} without any work in it`,
    },
    {
      goal: 'steps 1 → 32 linear: a late step ≤ 1.25 × an early one',
      reference: `steps 2 to 8: ${ms(early)} each`,
      measured: `${ms(late)} each`,
      ratio: late / early,
      value: late / early,
      bound: { atMost: 1.25 },
      note: `1, 8 and 32 in turn: ${[one, eight, most].map((value) => ms(value ?? 0)).join(', ')}`,
    },
  ];
};
