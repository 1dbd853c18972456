import { expect, it } from '@jest/globals';
import { forgetOldest } from '../../contracts/forget-oldest.ts';

it('what came first is forgotten, and no more than is too much', () => {
  const map = new Map([1, 2, 3, 4].map((key) => [key, 'x']));
  forgetOldest(map, 2);
  expect([...map.keys()]).toEqual([3, 4]);
  const set = new Set(['a', 'b']);
  forgetOldest(set, 2);
  expect([...set]).toEqual(['a', 'b']);
  set.delete('a');
  set.add('a');
  forgetOldest(set, 1);
  expect([...set]).toEqual(['a']);
});
