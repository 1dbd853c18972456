import { describe, expect, it } from '@jest/globals';
import { cleanDefinition } from '../../../domain/tools/clean-definition.ts';
import { diffOf, diffOfTool, hashOf, decideListedTool, suspicionOf } from '../../../domain/tools/pins.ts';
import { honest, POISONED, RUG_PULLS } from '../../adapters/mcp/host/poison.ts';

const NOT_OURS = { first: false, ours: false };
const listed = (definition = honest()) => ({
  hash: hashOf(definition),
  isSuspicious: suspicionOf(definition) !== undefined,
});
const acceptedRow = () => ({
  hash: hashOf(honest()),
  state: 'active' as const,
  pending_hash: null,
  accepted_at: new Date(),
});

describe('a hash', () => {
  it('does not depend on the order of fields', () => {
    const { inputSchema, annotations, ...rest } = honest();
    const shuffled = { annotations, ...rest, inputSchema: Object.fromEntries(Object.entries(inputSchema).reverse()) };
    expect(hashOf(shuffled)).toBe(hashOf(honest()));
  });

  it('depends on the order of values, and tells each change from every other', () => {
    const all = [honest(), ...Object.values(RUG_PULLS)].map(hashOf);
    expect(new Set(all).size).toBe(all.length);
  });

  it('takes no notice of what a server says beside the definition', () => {
    expect(hashOf(Object.assign(honest(), { _meta: { version: 2 }, icons: [] }))).toBe(hashOf(honest()));
  });
});

describe('the first listing', () => {
  const FIRST = { first: true, ours: false };

  it('pins an honest tool', () => {
    expect(decideListedTool(undefined, listed(), FIRST)).toBe('pin');
  });

  it('has more than thirty kinds of poison to look for', () => {
    expect(Object.keys(POISONED).length).toBeGreaterThan(30);
  });

  it.each(Object.entries(POISONED))('does not take without a look: %s', (_what, definition) => {
    expect(suspicionOf(definition)).toBeDefined();
    expect(decideListedTool(undefined, listed(definition), FIRST)).toBe('quarantine');
  });

  it.each([
    'Sends an e-mail to the given people. Use it after drafting.',
    'Deletes all rows of a table. This cannot be undone.',
    'Searches issues. Before you search, think about the language of the project ✅ 👩‍💻 1️⃣ ❤️.',
    'Ignores case. Returns the previous page with the "cursor" field. Never returns more than 100 rows.',
    'Uploads a file.\r\nThe user must be a member of the project.\tSee <https://example.com/docs>.',
    'Läuft über alle Seiten; 페이지를 만듭니다. עברית و العربية.',
  ])('takes an ordinary description: %s', (description) => {
    expect(suspicionOf(honest({ description }))).toBeUndefined();
  });
});

describe('a tool that was accepted', () => {
  it('stays on while nothing changes', () => {
    expect(decideListedTool(acceptedRow(), listed(), NOT_OURS)).toBe('keep');
  });

  it.each(Object.entries(RUG_PULLS))('is off after a change: %s', (_what, definition) => {
    expect(decideListedTool(acceptedRow(), listed(definition), NOT_OURS)).toBe('quarantine');
  });

  it('is off once and not written again while it waits', () => {
    const changed = listed(honest({ description: 'Other.' }));
    const waiting = { ...acceptedRow(), state: 'quarantined' as const, pending_hash: changed.hash };
    expect(decideListedTool(waiting, changed, NOT_OURS)).toBe('keep');
    expect(decideListedTool(waiting, listed(honest({ description: 'Third.' })), NOT_OURS)).toBe('quarantine');
  });

  it('is on again when it is what was accepted, also after it was away', () => {
    expect(decideListedTool({ ...acceptedRow(), state: 'quarantined' }, listed(), NOT_OURS)).toBe('restore');
    expect(decideListedTool({ ...acceptedRow(), state: 'removed' }, listed(), NOT_OURS)).toBe('restore');
    expect(decideListedTool({ ...acceptedRow(), state: 'removed' }, listed(honest({ title: 'x' })), NOT_OURS)).toBe(
      'quarantine',
    );
  });

  it('may change with a deploy when the server is ours', () => {
    expect(decideListedTool(acceptedRow(), listed(honest({ title: 'New' })), { first: false, ours: true })).toBe('pin');
    expect(decideListedTool(undefined, listed(), { first: false, ours: true })).toBe('pin');
  });
});

describe('a tool that comes later', () => {
  it('waits for an admin, however honest', () => {
    expect(decideListedTool(undefined, listed(), NOT_OURS)).toBe('quarantine');
  });

  it('waits also when it goes and comes back, as long as nobody has accepted it', () => {
    const never = { hash: hashOf(honest()), state: 'removed' as const, pending_hash: null, accepted_at: null };
    expect(decideListedTool(never, listed(), NOT_OURS)).toBe('quarantine');
    expect(decideListedTool(never, listed(), { first: true, ours: false })).toBe('quarantine');
  });
});

describe('a difference', () => {
  it('shows what nobody would see', () => {
    const [diff] = diffOf(honest(), honest({ description: `${honest().description}\u200b\u{e0041}` }));
    expect(diff).toEqual({
      field: 'description',
      before: 'Adds two numbers and answers their sum.',
      after: 'Adds two numbers and answers their sum.⟨U+200B⟩⟨U+E0041⟩',
    });
  });

  it('names each field that differs, and a new tool as such', () => {
    const after = honest({ title: 'Add', annotations: {} });
    expect(diffOf(honest(), after)).toEqual([
      { field: 'title', before: null, after: 'Add' },
      { field: 'annotations', before: '{\n  "readOnlyHint": true\n}', after: '{}' },
    ]);
    const row = { state: 'quarantined' as const, definition: after, pending: after };
    expect(diffOfTool({ ...row, accepted_at: null })).toEqual([{ field: 'tool', before: null, after: 'add' }]);
    expect(diffOfTool({ ...row, accepted_at: new Date(), state: 'active' })).toEqual([]);
  });
});

describe('what models are shown', () => {
  it.each(Object.entries(POISONED))('holds nothing invisible of: %s', (_what, definition) => {
    const shown = JSON.stringify(cleanDefinition({ ...definition, name: 'add' }));
    expect(shown).not.toMatch(
      /[\u200b-\u200f\u202a-\u202e\u2060-\u206f\u00ad\u3164\p{Variation_Selector}]|[\u{e0000}-\u{e0fff}]/u,
    );
    expect(shown).not.toMatch(/<!--|\\u001b|\\u0000/);
  });
});
