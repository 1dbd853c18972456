import { describe, expect, it } from '@jest/globals';
import { AGENT_IDS } from '../../../contracts/agents.ts';
import { augment, writeOut } from '../../../tools/routing/augment.ts';
import { hashTrainingData, readTrainingData } from '../../../tools/routing/examples.ts';
import { createRandom } from '../../../tools/routing/random.ts';
import { createRouter } from '../../../domain/routing/router.ts';
import { train } from '../../../tools/routing/train.ts';

async function fewExamples() {
  const { examples } = await readTrainingData();
  const some = AGENT_IDS.flatMap((id) => examples.filter(({ agents }) => agents.join() === id).slice(0, 10));
  return { examples: some, terms: [], patterns: [] };
}

describe('training', () => {
  it('gives the same model for the same examples, and one that has learned them', async () => {
    const data = await fewExamples();
    const model = train(data);
    expect(train(data)).toEqual(model);
    const { route } = createRouter(model);
    const right = data.examples.filter(({ text, agents }) => agents[0] === route(text).scores[0]?.agent);
    expect(right.length / data.examples.length).toBeGreaterThan(0.9);
  });

  it('makes up variants that keep their agents and language', async () => {
    const data = await fewExamples();
    const made = augment(data, createRandom(1));
    expect(made).toEqual(augment(data, createRandom(1)));
    expect(made.length).toBeGreaterThan(data.examples.length * 3);
    for (const { text, weight } of made) {
      expect(text.trim()).not.toBe('');
      expect(weight).toBeGreaterThan(0);
    }
  });

  it('writes patterns out with every alternative, in whole requests', () => {
    const pattern = {
      agents: ['brand' as const],
      language: 'en' as const,
      text: '{Draw|Sketch} {a logo|a crest|an icon} { now|}',
    };
    const texts = writeOut(pattern, createRandom(1)).map(({ text }) => text);
    for (const part of ['Draw', 'Sketch', 'a logo', 'a crest', 'an icon', 'now'])
      expect(texts.some((text) => text.includes(part))).toBe(true);
    for (const text of texts) expect(text).toMatch(/^(?:Draw|Sketch) an? (?:logo|crest|icon)(?: now)?$/);
  });

  it('knows the examples by content, whatever their order', async () => {
    const data = await fewExamples();
    const hash = hashTrainingData(data);
    expect(hashTrainingData({ ...data, examples: data.examples.toReversed() })).toBe(hash);
    expect(hashTrainingData({ ...data, examples: data.examples.slice(1) })).not.toBe(hash);
  });
});
