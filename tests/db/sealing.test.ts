import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { environmentAccountId, createSealer, SealedError, type SealingKey } from '../../db/sealing.ts';

const key = (id: string): SealingKey => ({ id, key: randomBytes(32) });
const [old, fresh] = [key('old'), key('new')];
const owner = { organizationId: randomUUID(), rowId: randomUUID() };
const sealer = createSealer([old]);
const SECRET = 'sk-ant-canary-1234';

describe('a sealed secret', () => {
  it('opens to what it was, whatever it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => sealer.open(sealer.seal(text, owner), owner) === text),
    );
  });

  it('shows nothing of itself and looks different each time', () => {
    const [one, two] = [sealer.seal(SECRET, owner), sealer.seal(SECRET, owner)];
    expect(one).not.toBe(two);
    expect(one).not.toContain(SECRET);
    expect(Buffer.from(one.split('.').at(-1) ?? '', 'base64url').toString('latin1')).not.toContain('canary');
  });

  it.each([
    ['another organization', { ...owner, organizationId: randomUUID() }],
    ['another row', { ...owner, rowId: randomUUID() }],
    ['the two of them exchanged', { organizationId: owner.rowId, rowId: owner.organizationId }],
  ])('does not open for %s', (_, other) => {
    expect(() => sealer.open(sealer.seal(SECRET, owner), other)).toThrow(SealedError);
  });

  it('does not open after any bit of it was changed', () => {
    const sealed = sealer.seal(SECRET, owner);
    const [version = '', id = '', ...parts] = sealed.split('.');
    for (const [nth, part] of parts.entries())
      for (let bit = 0; bit < Buffer.from(part, 'base64url').length * 8; bit++) {
        const bytes = Buffer.from(part, 'base64url');
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const changed = [version, id, ...parts.with(nth, bytes.toString('base64url'))].join('.');
        expect(() => sealer.open(changed, owner)).toThrow(SealedError);
      }
    for (const broken of ['', 'v1', sealed.slice(0, -4), sealed.replace('v1', 'v2'), sealed.replace('.old.', '.new.')])
      expect(() => sealer.open(broken, owner)).toThrow(SealedError);
  });

  it('outlives a new key in front, and not the loss of its own', () => {
    const sealed = sealer.seal(SECRET, owner);
    const rotated = createSealer([fresh, old]);
    expect(rotated.open(sealed, owner)).toBe(SECRET);
    expect(rotated.seal(SECRET, owner)).toMatch(/^v1\.new\./);
    expect(() => createSealer([fresh]).open(sealed, owner)).toThrow(SealedError);
    expect(() => createSealer([{ ...fresh, id: 'old' }]).open(sealed, owner)).toThrow(SealedError);
  });

  it('is not quoted by the error that it does not open with', () => {
    expect(() => createSealer([fresh]).open(sealer.seal(SECRET, owner), owner)).toThrow(/^No key of CREDENTIAL_KEYS/);
  });
});

it('the account of a key from the environment is the same everywhere and says nothing of the key', () => {
  expect(environmentAccountId(SECRET)).toBe(environmentAccountId(SECRET));
  expect(environmentAccountId(SECRET)).toMatch(/^env-[0-9a-f]{12}$/);
  expect(environmentAccountId(SECRET)).not.toBe(environmentAccountId(`${SECRET}5`));
});
