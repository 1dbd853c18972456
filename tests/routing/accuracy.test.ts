import { beforeAll, describe, expect, it } from '@jest/globals';
import { Language } from '../../contracts/agents.ts';
import { type Evaluation, evaluate } from '../../routing/eval.ts';
import type { Example } from '../../routing/examples.ts';
import { readHeldOut } from '../../routing/read-examples.ts';
import { loadRouter } from './load-router.ts';

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
const FLOOR = { accuracy: 0.92, coverage: 0.5, accuracyOfAll: 0.75, ece: 0.1 };

describe('on requests it never saw, the router', () => {
  it.each(Language.options)('is nearly always right when it answers in %s', (language) => {
    expect(single[language].accuracy).toBeGreaterThanOrEqual(FLOOR.accuracy);
    expect(single[language].coverage).toBeGreaterThanOrEqual(FLOOR.coverage);
  });

  it.each(Language.options)('guesses well and knows how sure it is in %s', (language) => {
    expect(single[language].accuracyOfAll).toBeGreaterThanOrEqual(FLOOR.accuracyOfAll);
    expect(single[language].ece).toBeLessThanOrEqual(FLOOR.ece);
  });

  it('names one of the agents first when several are asked for', () => {
    expect(multi.all.accuracy).toBeGreaterThanOrEqual(0.95);
    expect(multi.all.exact).toBeGreaterThanOrEqual(0.5);
  });
});
