import { describe, expect, it } from '@jest/globals';
import { en } from '../../contracts/texts/en.ts';
import { ko } from '../../contracts/texts/ko.ts';

type Leaf = readonly [path: string, text: unknown];

const leavesOf = (value: unknown, path = ''): Leaf[] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, path ? `${path}.${key}` : key))
    : [[path, value]];

/** What a language has to say in the same way: which texts there are, which are empty, how many values each is given. */
const shapeOf = (texts: object) =>
  leavesOf(texts).map(([path, text]) => `${path}: ${typeof text === 'function' ? `${text.length} values` : !!text}`);

describe('the catalogue of texts', () => {
  it('has the same texts in every language, empty only where they are empty in English', () => {
    expect(shapeOf(ko).toSorted()).toEqual(shapeOf(en).toSorted());
  });

  it('is Korean in Korean, apart from names', () => {
    const texts = leavesOf(ko).flatMap(([path, text]) => (typeof text === 'string' && text ? [[path, text]] : []));
    const latin = texts.filter(([, text = '']) => !/\p{Script=Hangul}/u.test(text)).map(([path]) => path);
    expect(latin).toEqual(['console.otherLanguage.code', 'console.otherLanguage.name']);
  });
});
