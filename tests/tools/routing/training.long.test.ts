import { describe, expect, it } from '@jest/globals';
import { createRouter } from '../../../domain/routing/router.ts';
import { writeOut } from '../../../tools/routing/augment.ts';
import { readHeldOutReadings } from '../../../tools/routing/evaluate-understanding.ts';
import { readHeldOut, readTrainingData } from '../../../tools/routing/examples.ts';
import { createRandom } from '../../../tools/routing/random.ts';
import { train } from '../../../tools/routing/train.ts';
import { readIntentData, trainIntents } from '../../../tools/routing/train-intents.ts';
import { loadIntentModel } from '../../domain/routing/load-router.ts';
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

describe('training the intent reader', () => {
  it('gives the model as it stands', async () => {
    expect(trainIntents(await readIntentData()).model).toEqual(await loadIntentModel());
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

  it('keeps what intents are judged by out of what they are learned from', async () => {
    const [{ examples, patterns }, { plain, others }] = await Promise.all([readIntentData(), readHeldOutReadings()]);
    const written = patterns.flatMap((pattern) => writeOut(pattern, createRandom(1)));
    const findTwin = createTwinFinder([...examples, ...written].map(({ text }) => text));
    const leaks = [...plain, ...others].flatMap(({ text }) => {
      const { twin, likeness } = findTwin(text);
      return likeness >= NEAR ? [`${text} ~ ${twin}`] : [];
    });
    expect(leaks).toEqual([]);
  });
});
