import { describe, expect, it } from '@jest/globals';
import { createRouter } from '../../../domain/routing/router.ts';
import { writeOut } from '../../../tools/routing/augment.ts';
import { readHeldOut, readTrainingData } from '../../../tools/routing/examples.ts';
import { createRandom } from '../../../tools/routing/random.ts';
import { train } from '../../../tools/routing/train.ts';
import { fewExamples } from './few-examples.ts';
import { createTwinFinder } from './likeness.ts';

const NEAR = 0.8;

describe('training', () => {
  it('gives the same model for the same examples, and one that has learned them', async () => {
    const data = await fewExamples();
    const model = train(data);
    expect(train(data)).toEqual(model);
    const { route } = createRouter(model);
    const right = data.examples.filter(({ text, agents }) => agents[0] === route(text).scores[0]?.agent);
    expect(right.length / data.examples.length).toBeGreaterThan(0.9);
  });
});

describe('the examples', () => {
  it('keeps what it is judged by out of what it learns from, near-duplicates too', async () => {
    const [{ examples, patterns }, { single, plain, multi }] = await Promise.all([readTrainingData(), readHeldOut()]);
    const written = [1, 2, 3].flatMap((seed) => patterns.flatMap((pattern) => writeOut(pattern, createRandom(seed))));
    const learned = [...examples, ...written];
    const findTwin = createTwinFinder(learned.map(({ text }) => text));
    const leaks = [...single, ...plain, ...multi].flatMap(({ text }) => {
      const { twin, likeness } = findTwin(text);
      return likeness >= NEAR ? [`${text} ~ ${twin}`] : [];
    });
    expect(leaks).toEqual([]);
  });
});
