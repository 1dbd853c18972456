import { describe, expect, it } from '@jest/globals';
import { cleanDefinition } from '../../../domain/tools/clean-definition.ts';
import { cleanText } from '../../../contracts/clean-text.ts';
import { honest } from '../../adapters/mcp/host/poison.ts';

describe('clean text', () => {
  it.each([
    ['a\u200bb', 'ab'],
    ['a\u{e0041}\u{e0042}b', 'ab'],
    ['a\u202eb\u202c', 'ab'],
    ['a<!-- x -->b', 'ab'],
    ['a<!-<!-- x -->- y -->b', 'ab'],
    ['a<\u200b!-- x -->b', 'ab'],
    ['a<!-- never closed', 'a'],
    ['a\u0000\u001b[0m\u2028b', 'a[0mb'],
    ['a\n\tb', 'a\n\tb'],
    ['half \ud800 pair', 'half \ufffd pair'],
    ['페이지 ä 漢 😀', '페이지 ä 漢 😀'],
  ])('of %j is %j', (given, expected) => {
    expect(cleanText(given, 100)).toBe(expected);
  });

  it('is bounded, whatever was hidden in it', () => {
    expect(cleanText('x'.repeat(1_000), 100)).toBe(`${'x'.repeat(99)}…`);
    expect(cleanText('\u200b'.repeat(10_000_000), 100)).toBe('');
    expect(cleanText('<!--'.repeat(1_000_000), 100)).toBe('');
  });
});

describe('a clean definition', () => {
  const shown = (inputSchema: Record<string, unknown>) => cleanDefinition(honest({ inputSchema })).inputSchema;

  it('of an honest tool is the definition', () => {
    expect(cleanDefinition(honest())).toEqual(honest());
  });

  it('has its words cleaned, and what arguments are compared with left to the letter', () => {
    const hidden = 'a\u200bb';
    const schema = {
      type: 'object',
      description: hidden,
      properties: { 'not ok': { title: hidden, enum: [hidden], const: hidden, default: hidden } },
      required: ['not ok'],
      anyOf: [{ required: ['not ok'] }],
    };
    expect(shown(schema)).toEqual({
      ...schema,
      description: 'ab',
      properties: { 'not ok': { title: 'ab', enum: [hidden], const: hidden, default: hidden } },
    });
  });

  it('is bounded in what it says', () => {
    expect(shown({ type: 'object', description: 'x'.repeat(100_000) }).description).toHaveLength(1_000);
    expect(cleanDefinition(honest({ description: 'x'.repeat(100_000) })).description).toHaveLength(4_000);
  });
});
