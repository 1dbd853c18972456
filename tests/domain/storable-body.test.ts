import { describe, expect, it } from '@jest/globals';
import { refuseUnstorable } from '../../domain/json.ts';
import { RequestError } from '../../contracts/request.ts';

const problemOf = (value: unknown): unknown => {
  try {
    refuseUnstorable(value, ['arguments']);
  } catch (error) {
    return error instanceof RequestError ? error.errors : error;
  }
  return undefined;
};

describe('JSON that Postgres could not keep', () => {
  it('is refused with the way to it', () => {
    for (const text of ['a\u0000b', 'a\ud800b']) {
      expect(problemOf({ lines: ['fine', text] })).toEqual([
        { path: 'arguments.lines.1', message: expect.stringContaining('NUL') },
      ]);
      expect(problemOf({ [text]: 1 })).toEqual([{ path: 'arguments', message: expect.stringContaining('NUL') }]);
    }
  });

  it('is refused when it is nested without end, before the stack ends', () => {
    const deep = JSON.parse(`${'['.repeat(5_000)}${']'.repeat(5_000)}`) as unknown;
    expect(problemOf(deep)).toEqual([{ path: 'arguments.0.0.0.0', message: expect.stringContaining('50 levels') }]);
  });

  it('is anything else', () => {
    expect(problemOf({ text: '한 😀 \t', number: 1, nothing: null, list: [true, { deep: 'x' }] })).toBeUndefined();
  });
});
