import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { foldText, textHashOf } from '../../../domain/routing/text.ts';

describe('folding a request', () => {
  it.each([
    ['  Draft   a\tTweet!! ', 'draft a tweet'],
    ['“Draft a tweet…”', 'draft a tweet'],
    ['ＤＲＡＦＴ a tweet', 'draft a tweet'],
    ['예산을  확인해줘.', '예산을 확인해줘'],
    ['Fix the C++ and C# builds', 'fix the c++ and c# builds'],
    ['10% off for @ada & co', '10% off for @ada & co'],
    ['?!', '?!'],
  ])('of %j says %j', (text, folded) => {
    expect(foldText(text)).toBe(folded);
  });

  it('keeps apart what means different things', () => {
    const texts = ['Pay 100', 'Pay 1000', 'Pay 100%', 'Fix C', 'Fix C#', 'Fix C++', '예산', '예산안', '?', '!'];
    expect(new Set(texts.map(textHashOf)).size).toBe(texts.length);
  });

  it('twice is folding once, and never leaves nothing of something', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (text) => {
        expect(foldText(foldText(text))).toBe(foldText(text));
        if (text.trim() !== '') expect(foldText(text)).not.toBe('');
      }),
    );
  });
});
