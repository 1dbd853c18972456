import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ConnectionSlug } from '../../../contracts/connections.ts';
import { ToolName } from '../../../contracts/tools.ts';
import { nameTools, toolName } from '../../../domain/tools/refresh-tools.ts';

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

  it.each([
    [['a.b', 'a_b']],
    [['a/b', 'a.b']],
    [['päge', 'p_ge']],
    [['a\u200b', 'a_']],
    [['검색', '저장']],
    [['검색', '저장', '검색_', '__']],
    [['検索', '保存', 'search']],
  ])('is another for each of %j, whatever order they come in, and models take it', (remoteNames) => {
    for (const order of [remoteNames, remoteNames.toReversed()]) {
      const names = [...nameTools('acme', order).values()];
      expect(new Set(names).size).toBe(remoteNames.length);
      expect(names.every((name) => ToolName.safeParse(name).success)).toBe(true);
    }
    const spelled = remoteNames.filter((name) => /^\w+$/.test(name) && !name.startsWith('_'));
    for (const name of spelled) expect(nameTools('acme', remoteNames).get(name)).toBe(`acme__${name}`);
  });

  it('stays what it was when another tool comes that would like to have it', () => {
    const known = [{ remote_name: 'a.b', name: 'acme__a_b' }];
    const names = nameTools('acme', ['a_b', 'a.b'], known);
    expect(names.get('a.b')).toBe('acme__a_b');
    expect(names.get('a_b')).toMatch(/^acme__a_b_[0-9a-f]{8}$/);
  });
});
