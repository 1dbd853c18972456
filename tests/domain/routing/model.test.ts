import { stat } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { hashTrainingData, readTrainingData } from '../../../tools/routing/examples.ts';
import { parseModel, toModelJson } from '../../../domain/routing/model.ts';
import { loadModel, readModelJson } from './load-router.ts';

describe('the stored model', () => {
  it('was trained from the examples as they stand: run npm run routing:train after changing one', async () => {
    expect((await loadModel()).examplesHash).toBe(hashTrainingData(await readTrainingData()));
  });

  it('takes at most 4 MB', async () => {
    expect((await stat(new URL('../../../domain/routing/model.json', import.meta.url))).size).toBeLessThanOrEqual(
      4_000_000,
    );
  });

  it('survives writing and reading', async () => {
    const { weights, ...model } = await loadModel();
    const { weights: read, ...rest } = parseModel(JSON.parse(JSON.stringify(toModelJson({ weights, ...model }))));
    expect(rest).toEqual(model);
    // Over a million bytes: compared as such, since a deep comparison takes seconds.
    expect(Buffer.from(read).equals(Buffer.from(weights))).toBe(true);
  });

  it.each([
    ['featuresVersion', 0, 'other features'],
    ['labels', ['brand'], 'other agents'],
    ['weights', 'AAAA', 'number of weights'],
    ['bias', null, 'bias'],
    ['temperature', 'warm', 'temperature'],
  ])('is refused with a sentence when its %s is wrong', async (key, value, sentence) => {
    const json = { ...(await readModelJson()), [key]: value };
    expect(() => parseModel(json)).toThrow(sentence);
    expect(() => parseModel(json)).toThrow('npm run routing:train');
  });

  it.each([null, 7, 'model'])('refuses %j', (json) => {
    expect(() => parseModel(json)).toThrow('not an object');
  });
});
