import { describe, expect, it } from '@jest/globals';
import { canonicalJson, hashOfJson } from '../../domain/json.ts';

const HIGH = '\ud83d';
const LOW = '\ude00';

describe('canonicalJson', () => {
  it('is the same text for the same fields in any order, at every depth', () => {
    const one = { b: [{ y: 1, x: 2 }], a: { d: null, c: 'ü' } };
    const other = { a: { c: 'ü', d: null }, b: [{ x: 2, y: 1 }] };
    expect(canonicalJson(one)).toBe('{"a":{"c":"ü","d":null},"b":[{"x":2,"y":1}]}');
    expect(canonicalJson(other)).toBe(canonicalJson(one));
    expect(hashOfJson(other)).toBe(hashOfJson(one));
  });

  it('keeps the order of lists, and tells texts from numbers', () => {
    expect(canonicalJson([1, 2])).not.toBe(canonicalJson([2, 1]));
    expect(canonicalJson({ a: '1' })).not.toBe(canonicalJson({ a: 1 }));
  });

  it('sorts names by UTF-16 code units and writes numbers as RFC 8785 does', () => {
    const names = { '\ufb33': 1, '\ud83d\ude00': 2, '\u20ac': 3, 1: 4, '\r': 5 };
    expect(Object.keys(JSON.parse(canonicalJson(names)) as object)).toEqual(['1', '\r', '€', '😀', '\ufb33']);
    expect(canonicalJson([1e30, 4.5, 0.002, 1e-27, -0])).toBe('[1e+30,4.5,0.002,1e-27,0]');
  });

  it('reads a value as JSON does: no undefined, no NaN, no Infinity, dates as texts', () => {
    expect(canonicalJson({ a: undefined, b: [undefined], c: NaN, d: Infinity })).toBe('{"b":[null],"c":null,"d":null}');
    expect(canonicalJson(JSON.parse('{"n":1e999}'))).toBe('{"n":null}');
    expect(canonicalJson(new Date(0))).toBe('"1970-01-01T00:00:00.000Z"');
    expect(canonicalJson(undefined)).toBe('null');
  });

  it('takes half of a surrogate pair for U+FFFD, in texts and in names, and whole pairs as they are', () => {
    expect(canonicalJson(`a${HIGH}b`)).toBe('"a\ufffdb"');
    expect(canonicalJson(HIGH + HIGH + LOW + LOW)).toBe('"\ufffd😀\ufffd"');
    expect(canonicalJson({ [LOW]: 1 })).toBe('{"\ufffd":1}');
  });

  it('does not take text that spells an escape for half of a pair', () => {
    expect(canonicalJson('\\ud800')).toBe('"\\\\ud800"');
    expect(canonicalJson(`\\${HIGH}`)).toBe('"\\\\\ufffd"');
    expect(hashOfJson('\\ud800')).not.toBe(hashOfJson('\ud800'));
  });

  it('throws for what no JSON has', () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    expect(() => canonicalJson({ amount: 1n })).toThrow(TypeError);
    expect(() => canonicalJson(circle)).toThrow(TypeError);
  });
});
