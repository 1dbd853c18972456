import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { toAdf, type AdfNode, fromAdf } from '../../../../adapters/mcp/servers/jira/adf.ts';
import { cpuMs } from '../../../support/cpu-clock.ts';

const nodesOf = (node: AdfNode): AdfNode[] => [node, ...(node.content ?? []).flatMap(nodesOf)];

const MARKDOWN = [
  '## Steps',
  'Open *the* page at [login](https://acme.example/login?a=b) and press `Enter`.\nIt **fails**.',
  '- one\n- two',
  '1. first\n2. second',
  '```ts\nconst a = 1;\n\n# no heading\n```',
].join('\n\n');

describe('a description for Jira', () => {
  it('keeps headings, marks, lists and code', () => {
    expect(toAdf(MARKDOWN).content?.map(({ type }) => type)).toEqual([
      'heading',
      'paragraph',
      'bulletList',
      'orderedList',
      'codeBlock',
    ]);
    expect(fromAdf(toAdf(MARKDOWN))).toBe(MARKDOWN);
  });

  it('links only to the web', () => {
    const marks = nodesOf(toAdf('[x](javascript:alert(1)) [y](file:///etc/passwd)')).flatMap(
      (node) => node.marks ?? [],
    );
    expect(marks).toEqual([]);
  });

  it('has no empty text, which Jira refuses, whatever is written', () => {
    const pieces = fc.constantFrom(
      '#',
      '# a',
      '- ',
      '1. ',
      '```',
      '**',
      '*',
      '`',
      '[',
      '](https://a.b)',
      'word',
      ' ',
      '\n',
      '\r\n',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 60 }), (parts) => {
        const document = toAdf(parts.join(''));
        for (const { type, text } of nodesOf(document)) if (type === 'text') expect(text).not.toBe('');
        const words = parts.filter((part) => part.includes('word')).length;
        expect(fromAdf(document).split('word').length - 1).toBe(words);
      }),
    );
  });

  it('loses nothing of code that shows how code is fenced', () => {
    expect(fromAdf(toAdf('```\nfirst\n```word\nlast'))).toContain('```word');
  });

  it('takes no longer for hostile text', () => {
    const started = cpuMs();
    for (const piece of ['[', '*', '`', '[a](https://', '- ', '1. ', '#']) toAdf(piece.repeat(10_000));
    expect(cpuMs() - started).toBeLessThan(1_000);
  });
});

describe('a document of Jira’s as text', () => {
  it('shows mentions, panels and tables by what they say', () => {
    const text = (words: string): AdfNode => ({ type: 'paragraph', content: [{ type: 'text', text: words }] });
    const document: AdfNode = {
      type: 'doc',
      content: [
        { type: 'panel', content: [text('in a panel')] },
        { type: 'paragraph', content: [{ type: 'mention', attrs: { id: '1', text: '@Ada' } }, { type: 'hardBreak' }] },
        { type: 'table', content: [{ type: 'tableRow', content: [{ type: 'tableCell', content: [text('cell')] }] }] },
        { type: 'inlineCard', attrs: { url: 'https://acme.example' } },
      ],
    };
    expect(fromAdf(document)).toBe('in a panel\n\n@Ada\n\n\ncell\n\nhttps://acme.example');
  });

  it('is empty for what is no document, and ends for one without end', () => {
    for (const value of [null, undefined, 'text', 7, {}, { type: 1 }]) expect(fromAdf(value)).toBe('');
    let deep: AdfNode = { type: 'paragraph', content: [{ type: 'text', text: 'deep' }] };
    for (let depth = 0; depth < 5_000; depth++) deep = { type: 'blockquote', content: [deep] };
    expect(fromAdf({ type: 'doc', content: [deep] })).toBe('…');
  });
});
