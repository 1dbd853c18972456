import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseExactly } from '../../contracts/json.ts';

describe('JSON with numbers that a double cannot hold', () => {
  it.each([
    ['[1234567890123456789]', ['1234567890123456789']],
    ['{"a":-9223372036854775808}', { a: '-9223372036854775808' }],
    ['[9007199254740991,9007199254740993]', [9007199254740991, '9007199254740993']],
    ['[1e400]', ['1e400']],
    ['["1234567890123456789",0.1234567890123]', ['1234567890123456789', 0.1234567890123]],
  ])('%s is read to the digit', (text, expected) => {
    expect(parseExactly(text)).toEqual(expected);
  });

  it('is all other JSON as it is', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        fc.pre(!/\d{16}|e[+]?\d{3}/i.test(text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '')));
        expect(parseExactly(text)).toEqual(JSON.parse(text));
      }),
    );
  });
});
