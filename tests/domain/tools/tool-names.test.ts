import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ConnectionSlug } from '../../../contracts/connections.ts';
import { ToolName } from '../../../contracts/tools.ts';
import { nameTools, toolName, UnusableNamesError } from '../../../domain/tools/refresh-tools.ts';

describe('the name of a tool', () => {
  it('is its connection and its own name', () => {
    expect(toolName('notion', 'create_page')).toBe('notion__create_page');
    expect(toolName('acme', 'issues/list.all')).toBe('acme__issues_list_all');
  });

  it('is always one that models take', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 256, unit: 'binary' }), (remoteName) => {
        expect(ToolName.safeParse(toolName('a_slug_of_24_characters_', remoteName)).success).toBe(true);
      }),
    );
  });

  it('is the same each time and another for each name, also when it is long', () => {
    const long = 'a'.repeat(100);
    expect(toolName('acme', `${long}1`)).toBe(toolName('acme', `${long}1`));
    expect(toolName('acme', `${long}1`)).not.toBe(toolName('acme', `${long}2`));
    expect(toolName('acme', long)).toHaveLength(64);
  });

  it('cannot pose as a tool of another connection', () => {
    const slugs = ['slack', 'a', 'sla', 'slack_x'].filter((slug) => ConnectionSlug.safeParse(slug).success);
    const evil = ['slack__send', '_send', '__send', 'k__send', 'x__send', 'send'];
    const names = slugs.flatMap((slug) => evil.map((remote) => toolName(slug, remote)));
    expect(new Set(names).size).toBe(names.length);
    for (const slug of ['slack__a', 'slack_', '_slack', 'nubabel', 'skills'])
      expect(ConnectionSlug.safeParse(slug).success).toBe(false);
  });

  it.each([[['a.b', 'a_b']], [['a/b', 'a.b']], [['send', 'send']], [['päge', 'p_ge']], [['a\u200b', 'a_']]])(
    'is refused when two tools would share it: %j',
    (remoteNames) => {
      expect(() => nameTools('acme', remoteNames)).toThrow(UnusableNamesError);
    },
  );

  it.each([[''], ['x'.repeat(257)], ['a\u0000'], ['a\ud800']])(
    'is refused when there is none, no end to it, or it is no text: %j',
    (remoteName) => {
      expect(() => nameTools('acme', [remoteName])).toThrow(UnusableNamesError);
    },
  );
});
