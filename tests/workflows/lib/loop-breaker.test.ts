import { describe, expect, it } from '@jest/globals';
import { createLoopBreaker } from '../../../workflows/lib/loop-breaker.ts';

const sayingOf = (...signatures: string[]) => {
  const breaker = createLoopBreaker();
  return signatures.map((signature) => breaker.record(signature));
};

describe('a loop breaker', () => {
  it('trips at the third same call in a row', () => {
    expect(sayingOf('a', 'a', 'a')).toEqual([undefined, undefined, 'same_call']);
    expect(sayingOf('a', 'a', 'b', 'a', 'a').every((said) => said === undefined)).toBe(true);
  });

  it('trips when two calls have taken turns three times', () => {
    expect(sayingOf('a', 'b', 'a', 'b', 'a', 'b').at(-1)).toBe('ping_pong');
    expect(sayingOf('a', 'b', 'a', 'b', 'a').every((said) => said === undefined)).toBe(true);
  });

  it('lets work go on that changes', () => {
    expect(sayingOf('a', 'b', 'c', 'a', 'b', 'c', 'a', 'b', 'c').every((said) => said === undefined)).toBe(true);
  });

  it('forgets what was before a reset', () => {
    const breaker = createLoopBreaker();
    breaker.record('a');
    breaker.record('a');
    breaker.reset();
    expect(breaker.record('a')).toBeUndefined();
  });

  it('takes no notice of what is gone through again at the same place', () => {
    const breaker = createLoopBreaker();
    for (let pause = 0; pause < 9; pause++) expect(breaker.record('a', '0:1')).toBeUndefined();
    expect(breaker.record('a', '0:2')).toBeUndefined();
    expect(breaker.record('a', '0:3')).toBe('same_call');
  });
});
