import { describe, expect, it } from '@jest/globals';
import { openLoopBreaker } from '../../../workflows/lib/loop-breaker.ts';

const sayingOf = (...signatures: string[]) => {
  const breaker = openLoopBreaker();
  return signatures.map((signature) => breaker.saw(signature));
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
    const breaker = openLoopBreaker();
    breaker.saw('a');
    breaker.saw('a');
    breaker.reset();
    expect(breaker.saw('a')).toBeUndefined();
  });

  it('takes no notice of what is gone through again at the same place', () => {
    const breaker = openLoopBreaker();
    for (let pause = 0; pause < 9; pause++) expect(breaker.saw('a', '0:1')).toBeUndefined();
    expect(breaker.saw('a', '0:2')).toBeUndefined();
    expect(breaker.saw('a', '0:3')).toBe('same_call');
  });
});
