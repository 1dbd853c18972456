import { describe, expect, it } from '@jest/globals';
import { checkArguments } from '../../../../adapters/mcp/host/check-arguments.ts';

const schema = {
  type: 'object',
  properties: {
    title: { type: 'string', maxLength: 5 },
    due: { type: 'string', format: 'date' },
    lines: {
      type: 'array',
      items: { type: 'object', properties: { count: { type: 'integer' } }, required: ['count'] },
    },
    pattern: { type: 'number' },
  },
  required: ['title'],
  additionalProperties: false,
};

describe('arguments and what a tool takes', () => {
  it('has nothing against what fits', () => {
    expect(checkArguments(schema, { title: 'abc', due: '2026-11-21', lines: [{ count: 1 }], pattern: 3 })).toEqual([]);
  });

  it('finds every mistake, each with the way to it', () => {
    const mistakes = checkArguments(schema, {
      title: 'too long',
      due: 'soon',
      lines: [{ count: 1.5 }],
      more: 1,
      pattern: 'x',
    });
    expect(mistakes).toEqual(
      expect.arrayContaining([
        { path: '', message: "must NOT have additional properties: 'more'" },
        { path: 'title', message: 'must NOT have more than 5 characters' },
        { path: 'due', message: 'must match format "date"' },
        { path: 'lines.0.count', message: 'must be integer' },
        { path: 'pattern', message: 'must be number' },
      ]),
    );
    expect(mistakes).toHaveLength(5);
    expect(checkArguments(schema, {})).toEqual([{ path: '', message: "must have required property 'title'" }]);
  });

  it('is not held up by a pattern that never ends, wherever a server hides it', () => {
    const evil = { type: 'string', pattern: '^(a+)+$' };
    const text = `${'a'.repeat(40)}!`;
    const hidden = {
      type: 'object',
      properties: { a: evil, b: { anyOf: [evil] }, c: { type: 'array', items: evil }, d: { $ref: '#/$defs/evil' } },
      patternProperties: { '^(a+)+$': { type: 'string' } },
      additionalProperties: false,
      propertyNames: evil,
      $defs: { evil },
    };
    const startedAt = performance.now();
    expect(checkArguments(hidden, { a: text, b: text, c: [text], d: text, [text]: 1 })).toEqual([]);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  it('is not held up by a pattern below words of older drafts', () => {
    const evil = { type: 'string', pattern: '^(a+)+$' };
    const a = `${'a'.repeat(40)}!`;
    const startedAt = performance.now();
    expect(checkArguments({ dependencies: { a: { properties: { a: evil } } } }, { a })).toEqual([]);
    const listed = { properties: { a: { type: 'array', items: [{}], additionalItems: evil } } };
    expect(checkArguments(listed, { a: [1, a] })).toEqual([]);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  it('answers at once also where a schema asks for an answer later, which nobody would hear', async () => {
    const unheard: unknown[] = [];
    const hear = (error: unknown) => void unheard.push(error);
    process.on('unhandledRejection', hear);
    const mistakes = checkArguments({ $async: true, ...schema }, {});
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.off('unhandledRejection', hear);
    expect(mistakes).toEqual([{ path: '', message: "must have required property 'title'" }]);
    expect(unheard).toEqual([]);
  });

  it('is not held up by references that unfold without end, nor by what compares everything with everything', () => {
    const twice = (name: string) => ({ allOf: [{ $ref: `#/$defs/${name}` }, { $ref: `#/$defs/${name}` }] });
    const $defs = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`d${n}`, twice(`d${n + 1}`)]));
    const unfolding = {
      type: 'object',
      properties: { a: twice('d0'), b: { type: 'array', uniqueItems: true } },
      $defs: { ...$defs, d40: { type: 'string' } },
    };
    const b = Array.from({ length: 10_000 }, (_, n) => ({ n }));
    const startedAt = performance.now();
    expect(checkArguments(unfolding, { a: 1, b })).toEqual([]);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  it('says no to nothing that the whole schema would take', () => {
    const one = (pattern: string) => ({ type: 'string', pattern });
    const whole = {
      type: 'object',
      properties: {
        a: { oneOf: [one('^a'), one('^b'), { type: 'number' }] },
        b: { not: one('^x') },
        c: { if: one('^x'), else: { minLength: 100 } },
        d: { $ref: '#/$defs/other', type: 'number' },
        e: { type: 'array', contains: one('^x'), maxContains: 1 },
      },
      $defs: { other: { type: 'string' } },
    };
    expect(checkArguments(whole, { a: 'a', b: 'b', c: 'x', d: 'd', e: ['x', 'y'] })).toEqual([]);
    expect(checkArguments(whole, { a: true })).not.toEqual([]);
  });

  it('looks at all that is written well beside what is written oddly', () => {
    const odd = {
      properties: {
        $top: { type: 'integer', minimum: 1, exclusiveMinimum: true, required: true },
        any: { type: 'any', enum: null, format: null },
        list: { items: [{ type: 'string' }] },
      },
      required: ['$top'],
    };
    expect(checkArguments(odd, { $top: 'three', any: 1, list: [1] })).toEqual([
      { path: '$top', message: 'must be integer' },
      { path: 'list.0', message: 'must be string' },
    ]);
    expect(checkArguments(odd, {})).toEqual([{ path: '', message: "must have required property '$top'" }]);
  });

  it.each([
    { anyOf: [] },
    { oneOf: [] },
    { enum: [] },
    { required: ['b', null, 1] },
    { minProperties: '1' },
    { additionalProperties: 'true' },
    { propertyNames: 'x' },
    { anyOf: [null, {}] },
    ...[
      { minimum: '3' },
      { multipleOf: 0 },
      { format: {} },
      { items: 'string' },
      { nullable: true },
      { enum: [] },
      null,
      'any',
    ].map((a) => ({ properties: { a, b: { type: 'string' } } })),
  ])('looks past %j, which says nothing, at what is said well', (odd) => {
    const whole = { type: 'object', properties: { b: { type: 'string' } }, ...odd };
    expect(checkArguments(whole, { a: 5, b: 'x' })).toEqual([]);
    expect(checkArguments(whole, { a: 5, b: 2 })).toEqual([{ path: 'b', message: 'must be string' }]);
  });

  it('names the values that it would take', () => {
    const schema = { properties: { a: { enum: ['x', 'y'] }, b: { const: 1 } } };
    expect(checkArguments(schema, { a: 'z', b: 2 }).map(({ message }) => message)).toEqual([
      'must be equal to one of the allowed values: "x", "y"',
      'must be equal to constant: 1',
    ]);
  });

  it('says nothing where a schema cannot be read, and keeps none for anybody else', () => {
    expect(
      checkArguments({ type: 'object', properties: { a: { $ref: 'https://elsewhere.example.com/x' } } }, { a: 1 }),
    ).toEqual([]);
    expect(checkArguments({ type: 'no such type' }, {})).toEqual([]);
    const $id = 'https://schemas.example.com/same';
    expect(checkArguments({ $id, type: 'object' }, { a: 1 })).toEqual([]);
    expect(checkArguments({ $id, type: 'object', properties: { a: { type: 'string' } } }, { a: 1 })).toHaveLength(1);
  });
});
