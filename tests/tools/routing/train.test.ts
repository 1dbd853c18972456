import { describe, expect, it } from '@jest/globals';
import { augment, writeOut } from '../../../tools/routing/augment.ts';
import { hashTrainingData } from '../../../tools/routing/examples.ts';
import { createRandom } from '../../../tools/routing/random.ts';
import { fewExamples } from './few-examples.ts';

describe('training', () => {
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
