import { beforeAll, describe, expect, it } from '@jest/globals';
import { Language } from '../../../contracts/agents.ts';
import { openLocalRouter } from '../../../domain/routing/local-router.ts';
import {
  evaluateUnderstanding,
  readHeldOutReadings,
  type ReadRequest,
  type UnderstandingScore,
} from '../../../tools/routing/evaluate-understanding.ts';
import { hashIntentData, readIntentData } from '../../../tools/routing/train-intents.ts';
import { loadIntentModel } from '../../domain/routing/load-router.ts';

let all: ReadRequest[];
let score: (requests: readonly ReadRequest[]) => UnderstandingScore;
let plain: ReadRequest[];

beforeAll(async () => {
  const router = await openLocalRouter();
  const heldOut = await readHeldOutReadings();
  plain = heldOut.plain;
  all = [...plain, ...heldOut.others];
  score = (requests) => evaluateUnderstanding(router, requests);
});

describe('on requests that nothing was trained on, the understanding without a model', () => {
  it('is judged by enough of them, half in each language', () => {
    expect(all.length).toBeGreaterThanOrEqual(400);
    for (const language of Language.options)
      expect(all.filter((one) => one.language === language).length).toBe(all.length / 2);
  });

  it('leaves the decision to plan as it was', () => {
    expect(score(all).samePlanning).toBeGreaterThanOrEqual(0.98);
    expect(score(all).planningAsRead).toBeGreaterThanOrEqual(0.98);
  });

  it.each(['all', ...Language.options])('knows the intent and the category, in %s', (language) => {
    const { intent, category } = score(all.filter((one) => language === 'all' || one.language === language));
    expect(intent).toBeGreaterThanOrEqual(0.93);
    expect(category).toBeGreaterThanOrEqual(0.93);
  });

  it('spares nine plain requests in ten the analysis call', () => {
    expect(score(plain).local).toBeGreaterThanOrEqual(0.9);
  });

  it('knows how several agents work together wherever it says so', () => {
    const { mode, several } = score(all);
    expect(several).toBeGreaterThanOrEqual(8);
    expect(mode).toBeGreaterThanOrEqual(0.9);
  });
});

describe('the intent reader', () => {
  it('was trained from the examples as they stand', async () => {
    expect((await loadIntentModel()).examplesHash).toBe(hashIntentData(await readIntentData()));
  });

  it('never learned a request it is judged by', async () => {
    const { examples } = await readIntentData();
    const judged = new Set(all.map(({ text }) => text.toLowerCase()));
    expect(examples.filter(({ text }) => judged.has(text.toLowerCase()))).toEqual([]);
  });
});
