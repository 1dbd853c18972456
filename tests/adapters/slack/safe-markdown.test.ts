import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { safeMarkdown } from '../../../adapters/slack/safe-markdown.ts';

describe('a model’s answer in a markdown block', () => {
  it.each([
    '<!channel>',
    '<!here|here>',
    '<!everyone>',
    '<!subteam^S123|@ops>',
    '<!date^1700000000^{date}|x>',
    '<@U_ADA>',
    '<@U_ADA|ada>',
    '<#C_LAUNCH>',
    '\\<!channel>',
    '`<!channel>`',
    '```\n<!channel>\n```',
    '[<!channel>](https://a.example)',
    '<<!channel>>',
  ])('calls nobody: %s', (text) => {
    expect(safeMarkdown(`Hello ${text} there`)).not.toMatch(/<[!@#]/);
  });

  it.each([
    ['<https://evil.example|https://good.example>', 'https://good.example (https://evil.example)'],
    ['[https://good.example](https://evil.example/x)', 'https://good.example (https://evil.example/x)'],
    ['[good](https://evil.example "title")', 'good (https://evil.example)'],
    ['[good](<https://evil.example/a b>)', 'good (https://evil.example/a%20b)'],
    ['[a [b] c](https://evil.example/(x))', 'a [b] c (https://evil.example/(x))'],
    ['[**good**](https://evil.example)', '**good** (https://evil.example)'],
    ['![alt](https://evil.example/pixel.png)', 'alt (https://evil.example/pixel.png)'],
    ['[![good](https://a.example)](https://b.example)', 'good (https://a.example) (https://b.example)'],
    ['[good](javascript:alert(1))', 'good (javascript:alert(1))'],
    ['[good](\nhttps://evil.example\n)', 'good (https://evil.example)'],
    ['[good][1]\n\n[1]: https://evil.example', '[good][1]\n\n1: https://evil.example'],
    ['> [good][1]\n> [1]:\n> https://evil.example', '> [good][1]\n> 1:\n> https://evil.example'],
    ['[https://a.example](https://a.example)', 'https://a.example'],
    ['> ```\n[good](https://evil.example)', '> ```\ngood (https://evil.example)'],
    ['```\n[good](https://evil.example)', '```\ngood (https://evil.example)'],
  ])('says where a link leads: %j', (text, shown) => {
    expect(safeMarkdown(text)).toBe(shown);
  });

  it.each([
    'Plain **bold** and `arr[i](x)` and a < b > c',
    '- [x] done\n- [ ] open\n\n| a | b |\n| - | - |',
    '```md\n[label](https://a.example) <!-- note -->\n```\n',
    '<!DOCTYPE html>',
    'See <https://a.example> and https://b.example/(x).',
    'call(a)[0] \\[not a link](here)',
  ])('stays as it is otherwise: %j', (text) => {
    expect(safeMarkdown(text)).toBe(text);
  });

  it.each([
    '[`]` bank](https://evil.example)',
    '[good](https\\://evil.example)',
    '[good](&#104;ttps://evil.example)',
    `[good](https://evil.example/?${'a'.repeat(1_200)})`,
    `[${'b'.repeat(1_200)}](https://evil.example)`,
    '~~~\n```\n~~~\n[good](https://evil.example)\n~~~\n```\n~~~',
    '- item\n  ```\n[good](https://evil.example)\n  ```',
    '```\n    ```\n```\n[good](https://evil.example)\n```',
    '```\ncode\r```\r[good](https://evil.example)\n```',
    '```\n```\u00a0\n```\n[good](https://evil.example)\n```',
  ])('masks no link by escapes, length, or a block of code that is none: %j', (text) => {
    expect(safeMarkdown(text)).not.toContain('](');
  });

  it('calls nobody and masks nothing, whatever it is made of', () => {
    const piece = fc.constantFrom(
      '[',
      ']',
      '(',
      ')',
      '<',
      '>',
      '|',
      '\\',
      '`',
      '```\n',
      '!',
      '@U1',
      'channel',
      'https://x.example',
      ' ',
      '\n',
      'a',
      ':',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const shown = safeMarkdown(pieces.join(''));
        expect(shown).not.toMatch(/<@[A-Z0-9]|<!channel/i);
        expect(shown).not.toMatch(/<https:[^<>|\s]*\|[^<>]*>/);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is made safe in linear time', () => {
    for (const part of ['[', '[a](', '<', '```\n', '\\[', '](', '[a]:']) {
      const startedAt = performance.now();
      safeMarkdown(part.repeat(6_000));
      expect(performance.now() - startedAt).toBeLessThan(1_000);
    }
  });
});
