import { expect, it } from '@jest/globals';
import { showInvisible } from '../../contracts/clean-text.ts';

it.each([
  ['right to left', 'pay\u202Egpj.exe', 'pay⟨U+202E⟩gpj.exe'],
  ['isolates', '\u2066a\u2069', '⟨U+2066⟩a⟨U+2069⟩'],
  ['zero width', 'a\u200Bb\u200D\u2060c\uFEFF', 'a⟨U+200B⟩b⟨U+200D⟩⟨U+2060⟩c⟨U+FEFF⟩'],
  ['tags', `x${String.fromCodePoint(0xe0041)}`, 'x⟨U+E0041⟩'],
  ['variation selectors', `a\uFE0Fb${String.fromCodePoint(0xe0101)}`, 'a⟨U+FE0F⟩b⟨U+E0101⟩'],
  ['fillers', '\u3164\u115F\u2800', '⟨U+3164⟩⟨U+115F⟩⟨U+2800⟩'],
  ['controls', '\u001B[31m\u0085\r', '⟨U+001B⟩[31m⟨U+0085⟩⟨U+000D⟩'],
  ['soft hyphens and separators', 'a\u00ADb\u2028', 'a⟨U+00AD⟩b⟨U+2028⟩'],
  ['private use', '\uE000', '⟨U+E000⟩'],
  ['after an emoji', '❤\u202E👍\u200B', '❤⟨U+202E⟩👍⟨U+200B⟩'],
])('shows by its code point what nobody would see: %s', (_, given, shown) => {
  expect(showInvisible(given)).toBe(shown);
});

it('leaves words of every script, lines, and emoji as people write them', () => {
  for (const text of ['네, 내일 보내 주세요\n\t- 하나', '❤\uFE0F 👩\u200D💻 1\uFE0F\u20E3', 'Ünïcödé 日本語\u3000です'])
    expect(showInvisible(text)).toBe(text);
  expect(showInvisible('a\r\nb')).toBe('a\nb');
});
