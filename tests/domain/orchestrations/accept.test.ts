import { describe, expect, it } from '@jest/globals';
import { fingerprintOf } from '../../../domain/orchestrations/accept.ts';

const request = {
  userId: 'u1',
  message: 'Plan it',
  options: { agents: ['brand' as const], mode: undefined },
  session: { kind: 'new' } as const,
};

const by = { organizationId: 'o1', userId: 'u1', name: 'Ada', role: 'user', timeZone: 'UTC' } as const;

describe('the fingerprint of a request', () => {
  it('is the same for the same request said again', () => {
    expect(fingerprintOf(structuredClone(request))).toBe(fingerprintOf(request));
    expect(fingerprintOf({ ...request, options: { agents: ['brand'] } })).toBe(fingerprintOf(request));
  });

  it('is another one for another message, person, option or conversation', () => {
    const others = [
      { ...request, message: 'Plan it ' },
      { ...request, userId: 'u2' },
      { ...request, userId: null },
      { ...request, options: {} },
      { ...request, options: { agents: ['ops' as const] } },
      { ...request, options: { ...request.options, requireApproval: true } },
      { ...request, session: { kind: 'known', id: 's1', by } as const },
      { ...request, session: { kind: 'known', id: 's2', by } as const },
    ].map(fingerprintOf);
    expect(new Set([...others, fingerprintOf(request)]).size).toBe(others.length + 1);
  });

  it('does not tell the words', () => {
    expect(fingerprintOf(request)).toMatch(/^[0-9a-f]{64}$/);
  });
});
