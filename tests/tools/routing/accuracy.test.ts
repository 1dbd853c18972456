import { beforeAll, describe, expect, it } from '@jest/globals';
import { Language } from '../../../contracts/agents.ts';
import { evaluate, type Evaluation } from '../../../tools/routing/evaluate.ts';
import { readHeldOut, type Example } from '../../../tools/routing/examples.ts';
import { loadRouter } from '../../domain/routing/load-router.ts';

let single: Evaluation;
let plain: Evaluation;
let multi: Evaluation;

beforeAll(async () => {
  const router = await loadRouter();
  const judge = (examples: Example[]) =>
    evaluate(examples.map((example) => ({ example, decision: router.route(example.text) })));
  const heldOut = await readHeldOut();
  single = judge(heldOut.single);
  plain = judge(heldOut.plain);
  multi = judge(heldOut.multi);
});

/** Floors a little below what was measured: they catch a worse model, and are raised with a better one. */
const FLOORS = {
  plain: { accuracy: 0.95, coverage: 0.9, accuracyOfAll: 0.92, ece: 0.06 },
  roundabout: { accuracy: 0.92, coverage: 0.85, accuracyOfAll: 0.85, ece: 0.08 },
};

const cells = Language.options.flatMap((language) =>
  (['plain', 'roundabout'] as const).map((kind) => [kind, language] as const),
);

describe('on requests it never saw, the router', () => {
  it.each(cells)('answers most that are %s and is nearly always right when it does, in %s', (kind, language) => {
    const { accuracy, coverage } = (kind === 'plain' ? plain : single)[language];
    expect(accuracy).toBeGreaterThanOrEqual(FLOORS[kind].accuracy);
    expect(coverage).toBeGreaterThanOrEqual(FLOORS[kind].coverage);
  });

  it.each(cells)('guesses well and knows how sure it is when they are %s, in %s', (kind, language) => {
    const { accuracyOfAll, ece } = (kind === 'plain' ? plain : single)[language];
    expect(accuracyOfAll).toBeGreaterThanOrEqual(FLOORS[kind].accuracyOfAll);
    expect(ece).toBeLessThanOrEqual(FLOORS[kind].ece);
  });

  it('names one of the agents first when several are asked for', () => {
    expect(multi.all.accuracy).toBeGreaterThanOrEqual(0.95);
    expect(multi.all.exact).toBeGreaterThanOrEqual(0.5);
  });
});
