import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { isRecord } from '../../../contracts/json.ts';
import { UnusableSchemaError } from '../../../domain/tools/mend-schema.ts';
import { fromModelArguments, toModelSchema, withLargeIntegers } from '../../../domain/tools/clean-definition.ts';

const shown = (schema: Record<string, unknown>) => toModelSchema(schema).inputSchema;
/** Of one property, as the model is given it. */
const property = (schema: unknown) =>
  (shown({ type: 'object', properties: { a: schema } })['properties'] as Record<string, unknown>)['a'];
const dialect = new Ajv2020({ strict: false, logger: false, validateFormats: false });

describe('a schema that the Messages API would refuse', () => {
  it.each([
    ['a tuple of older drafts', { items: [{ type: 'string' }, {}] }, { prefixItems: [{ type: 'string' }, {}] }],
    ['a closed tuple', { items: [{}], additionalItems: false }, { items: false, prefixItems: [{}] }],
    ['a limit that is excluded by a flag', { minimum: 3, exclusiveMinimum: true }, { minimum: 3, exclusiveMinimum: 3 }],
    ['a flag without a limit', { exclusiveMaximum: true }, {}],
    ['a flag that says no', { maximum: 3, exclusiveMaximum: false }, { maximum: 3 }],
    ['required: true', { type: 'string', required: true }, { type: 'string' }],
    ['type any', { type: 'any' }, {}],
    ['a type in capitals', { type: 'STRING' }, { type: 'string' }],
    ['a type of Python', { type: 'dict' }, { type: 'object' }],
    ['types with an empty one', { type: ['string', null, 'string'] }, { type: 'string' }],
    ['types in one word', { type: 'string|null' }, { type: ['string', 'null'] }],
    [
      'a null everywhere',
      { description: null, enum: null, format: null, properties: null, items: null, type: null },
      {},
    ],
    ['null as a schema', null, {}],
    ['a type instead of a schema', 'integer', { type: 'integer' }],
    ['an empty list of PHP', { type: 'object', properties: [] }, { type: 'object', properties: {} }],
    ['numbers as words', { minLength: '3', minimum: '0.5', multipleOf: 0 }, { minLength: 3, minimum: 0.5 }],
    ['a negative length', { maxLength: -1 }, {}],
    ['one value as a list', { enum: 'x' }, { enum: ['x'] }],
    ['a choice of one', { anyOf: { type: 'string' } }, { anyOf: [{ type: 'string' }] }],
    ['no choice at all', { oneOf: [], allOf: [null] }, {}],
    ['words that are none', { title: 3, description: ['x'], format: {} }, {}],
    ['patterns of names', { patternProperties: { '^(.*)$': {} } }, {}],
    ['a pattern that does not compile', { pattern: '(' }, {}],
    ['a reference elsewhere', { $ref: 'https://schemas.example.com/x' }, {}],
    ['a reference to nothing', { $ref: '#/$defs/missing' }, {}],
    ['a dialect of its own', { $schema: 'http://json-schema.org/draft-07/schema#', $id: 'x y', $anchor: '#' }, {}],
    ['additionalProperties as a word', { additionalProperties: 'false' }, { additionalProperties: false }],
    ['keywords with a blank', { 'type ': 'any', 'required ': true, 'minimum\u200b': 'x', ' $ref': 'x' }, {}],
    ['what the dialect does not know', { nullable: true, 'x-order': [1] }, { nullable: true }],
  ])('is mended: %s', (_what, given, expected) => {
    expect(property(given)).toEqual(expected);
  });

  it('keeps what a null means', () => {
    const given = { enum: [null, 'a'], const: null, default: null };
    expect(property(given)).toEqual(given);
  });

  it('asks for a property that says of itself that it is required', () => {
    const schema = { properties: { a: { required: true }, b: { required: false }, c: { required: 'true' } } };
    expect(shown({ ...schema, required: null })).toMatchObject({ required: ['a', 'c'] });
    expect(shown({ ...schema, required: true })).toMatchObject({ required: ['a', 'c'] });
    expect(shown({ ...schema, required: ['b'] })).toMatchObject({ required: ['b', 'a', 'c'] });
  });

  it.each([
    ['a type that there is not', { properties: { a: { type: 'wish' } } }, /properties\.a\.type.*no type “"wish"”/],
    ['a type that is a schema', { properties: { a: { type: { type: 'string' } } } }, /is no type/],
    ['a list of properties', { properties: [{ name: 'a' }] }, /names no schemas/],
    ['a number as a schema', { properties: { a: 3 } }, /“3” is no schema/],
    ['a list and no named arguments', { type: 'array' }, /takes "array" and not named arguments/],
  ])('is refused where nobody can say what is meant: %s', (_what, schema, message) => {
    expect(() => toModelSchema(schema)).toThrow(UnusableSchemaError);
    expect(() => toModelSchema(schema)).toThrow(message);
  });

  it('is valid in any case, whatever a server writes', () => {
    const keyword = fc.constantFrom(
      ...'type properties required items enum const anyOf allOf oneOf not $ref $defs definitions minimum exclusiveMinimum'.split(
        ' ',
      ),
      ...'maxLength pattern format description additionalProperties prefixItems default uniqueItems dependencies $id'.split(
        ' ',
      ),
      'minItems',
      'multipleOf',
      'then',
      'examples',
      '__proto__',
      '$top',
      'filter[x]',
      '',
    );
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.constantFrom(
          null,
          true,
          false,
          'true',
          'string',
          'any',
          'object',
          '',
          '#',
          '#/properties/a',
          '(',
          -1,
          3,
          0.5,
        ),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(keyword, tie('value'), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(fc.dictionary(keyword, value, { maxKeys: 5 }), (schema) => {
        let mended: Record<string, unknown>;
        try {
          mended = shown(schema);
        } catch (error) {
          if (error instanceof UnusableSchemaError) return;
          throw error;
        }
        expect(mended['type']).toBe('object');
        expect(Object.keys(mended).filter((key) => /^(anyOf|oneOf|allOf)$/.test(key))).toEqual([]);
        if (!dialect.validateSchema(mended)) throw new Error(`${dialect.errorsText()} in ${JSON.stringify(mended)}`);
      }),
      { numRuns: 3_000 },
    );
  });

  it('is bounded in depth and size', () => {
    let deep: Record<string, unknown> = { type: 'string' };
    for (let level = 0; level < 90; level++) deep = { type: 'object', properties: { a: deep } };
    expect(JSON.stringify(shown(deep)).length).toBeLessThan(1_000);
    const many = Array.from({ length: 5_000 }, (_, n) => [`a${n}`, {}] as const);
    expect(shown({ type: 'object', properties: Object.fromEntries(many) })).toEqual({ type: 'object' });
    expect(shown({ type: 'object', description: 'x'.repeat(100_000) }).description).toHaveLength(1_000);
  });
});

describe('choices at the top', () => {
  const branch = (name: string, required = true) => ({
    type: 'object',
    properties: { [name]: { type: 'string' } },
    ...(required && { required: [name] }),
  });

  it.each(['anyOf', 'oneOf'])('of %s are put together, and the rule is said beside', (rule) => {
    const { inputSchema, notes } = toModelSchema({ [rule]: [branch('id'), branch('url'), { type: 'null' }] });
    expect(inputSchema).toEqual({ type: 'object', properties: { id: { type: 'string' }, url: { type: 'string' } } });
    expect(notes[0]).toMatch(new RegExp(`follow ${rule}: .*"required":\\["id"\\]`));
  });

  it('ask for what all of them ask for', () => {
    const either = (kind: string) => ({
      properties: { kind: { const: kind }, [kind]: {} },
      required: ['kind', kind],
    });
    expect(shown({ oneOf: [either('a'), either('b')] })).toEqual({
      type: 'object',
      properties: { kind: { anyOf: [{ const: 'a' }, { const: 'b' }] }, a: {}, b: {} },
      required: ['kind'],
    });
    expect(shown({ allOf: [branch('a'), branch('b', false)], properties: { c: {} }, required: ['c'] })).toMatchObject({
      properties: { a: {}, b: {}, c: {} },
      required: ['c', 'a'],
    });
  });

  it('stand side by side where many say something of one property', () => {
    const allOf = [1, 2, 3, 4].map((nth) => ({ properties: { a: { minimum: nth } } }));
    const sides = allOf.map(({ properties: { a } }) => a);
    expect(shown({ type: 'object', allOf })).toMatchObject({ properties: { a: { allOf: sides } } });
  });

  it('are gone through in no time, however often they lead to each other', () => {
    const refs = (to: string) => Array.from({ length: 100 }, () => ({ $ref: `#/$defs/${to}` }));
    const circle = { type: 'object', allOf: refs('x'), $defs: { x: { allOf: refs('x'), properties: { a: {} } } } };
    const chain = Object.fromEntries(
      [0, 1, 2, 3, 4].map((nth) => [`d${nth}`, { allOf: refs(`d${nth + 1}`).slice(0, 39) }]),
    );
    const startedAt = performance.now();
    expect(shown(circle)).toMatchObject({ properties: { a: {} } });
    const deep = { type: 'object', allOf: [{ $ref: '#/$defs/d0' }], $defs: chain };
    expect(fromModelArguments({ a: 1, b: ['x'] }, deep)).toEqual({ a: 1, b: ['x'] });
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });

  it('are followed through references, also around in a circle', () => {
    const $defs = { Input: { ...branch('a'), anyOf: [{ $ref: '#/$defs/Input' }, { $ref: '#' }] } };
    expect(shown({ $ref: '#/$defs/Input', $defs })).toMatchObject({
      type: 'object',
      properties: { a: { type: 'string' } },
      required: ['a'],
    });
  });
});

describe('names that the API does not take', () => {
  const raw = {
    type: 'object',
    properties: {
      $top: { type: 'integer', description: 'How many.' },
      'filter[x]': { type: 'object', properties: { 'a b': {}, 'a-b': {} }, required: ['a b'] },
      검색: { type: 'string' },
      저장: { type: 'string' },
      list: { type: 'array', items: { $ref: '#/$defs/odd' } },
      free: { type: 'object' },
    },
    required: ['$top', 'list'],
    $defs: { odd: { anyOf: [{ properties: { '@id': {} } }, { type: 'null' }] } },
  };

  it('become others for the model, required ones too, and nothing is lost on the way back', () => {
    const { properties, required } = shown(raw) as {
      properties: Record<string, { description?: string; properties?: Record<string, unknown> }>;
      required: string[];
    };
    const names = Object.keys(properties);
    expect(names).toHaveLength(6);
    expect(names.every((name) => /^[A-Za-z0-9_.-]{1,64}$/.test(name))).toBe(true);
    const [top = '', filter = '', search = '', save = ''] = names;
    expect(required).toEqual([top, 'list']);
    expect(properties[top]?.description).toBe('How many. (The server calls it "$top".)');
    const [ab = '', dash = ''] = Object.keys(properties[filter]?.properties ?? {});
    const oddId = Object.keys(shown({ properties: { '@id': {} } })['properties'] as object)[0] ?? '';
    const args = {
      [top]: 3,
      [filter]: { [ab]: 1, [dash]: 2 },
      [search]: 'x',
      [save]: 'y',
      list: [{ [oddId]: 'z' }],
      free: { [top]: 'mine' },
    };
    expect(fromModelArguments(args, raw)).toEqual({
      $top: 3,
      'filter[x]': { 'a b': 1, 'a-b': 2 },
      검색: 'x',
      저장: 'y',
      list: [{ '@id': 'z' }],
      free: { [top]: 'mine' },
    });
  });

  it('are taken by the server’s own name as well', () => {
    expect(fromModelArguments({ $top: 3 }, raw)).toEqual({ $top: 3 });
  });
});

describe('whole numbers beyond 2^53', () => {
  const schema = {
    properties: { id: { type: 'integer' }, text: { type: ['string', 'integer'] }, list: { items: { type: 'number' } } },
  };
  const digits = '1234567890123456789';

  it('become numbers only where the schema wants numbers', () => {
    const given = { id: digits, text: digits, list: [digits, 'x', 3], other: digits };
    expect(withLargeIntegers(given, schema, (text) => `n${text}`)).toEqual({
      id: `n${digits}`,
      text: digits,
      list: [`n${digits}`, 'x', 3],
      other: digits,
    });
    expect(withLargeIntegers({ id: '12' }, schema, () => 'never')).toEqual({ id: '12' });
  });
});

it('walks arguments that no schema expects', () => {
  expect(fromModelArguments({ a: [{ b: null }], c: 1 }, { properties: [], anyOf: 'x', $ref: 3 })).toEqual({
    a: [{ b: null }],
    c: 1,
  });
  expect(isRecord(fromModelArguments({}, {}))).toBe(true);
});
