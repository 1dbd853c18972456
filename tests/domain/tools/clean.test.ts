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

  it('holds only names of fields that model APIs take, and asks for no other', () => {
    const schema = { type: 'object', properties: { ok: {}, 'not ok': {}, ö: {} }, required: ['ok', 'not ok'] };
    expect(shown(schema)).toEqual({ type: 'object', properties: { ok: {} }, required: ['ok'] });
  });

  it('is an object at the top, without choices that model APIs refuse there', () => {
    expect(shown({ anyOf: [{ type: 'object' }], properties: { a: { anyOf: [{ type: 'string' }] } } })).toEqual({
      type: 'object',
      properties: { a: { anyOf: [{ type: 'string' }] } },
    });
  });

  it('is bounded in depth and size', () => {
    let deep: Record<string, unknown> = { type: 'string' };
    for (let level = 0; level < 1_000; level++) deep = { type: 'object', properties: { a: deep } };
    expect(JSON.stringify(shown(deep)).length).toBeLessThan(1_000);
    const wide = {
      type: 'object',
      properties: Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`a${n}`, {}])),
    };
    expect(shown(wide)).toEqual({ type: 'object' });
    expect(shown({ type: 'object', description: 'x'.repeat(100_000) }).description).toHaveLength(1_000);
    expect(cleanDefinition(honest({ description: 'x'.repeat(100_000) })).description).toHaveLength(4_000);
  });
});
