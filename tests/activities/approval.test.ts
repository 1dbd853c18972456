import { describe, expect, it } from '@jest/globals';
import { approvalFor, type ApprovalRules } from '../../activities/store/approval.ts';
import { centsToNanos } from '../../contracts/money.ts';
import { Approval } from '../../contracts/approval.ts';
import { type Route } from '../../contracts/orchestration.ts';

const RULES: ApprovalRules = { thresholdCents: 100, timeoutMs: 600_000 };
const route: Route = {
  agents: [{ agent: 'brand', relevance: 1 }],
  mode: 'parallel',
  category: 'quick',
  decidedBy: 'local',
  confidence: 1,
  alternatives: [],
  reason: 'because',
};
const given = (usualCents: number, changes: Partial<Parameters<typeof approvalFor>[0]> = {}) => ({
  orchestrationId: 'job-1',
  message: 'Do it',
  route,
  estimate: { usualNanos: centsToNanos(usualCents), worstNanos: centsToNanos(usualCents * 3) },
  required: false,
  question: 'Type APPROVE',
  ...changes,
});

describe('an approval', () => {
  it('is asked for above the threshold, not at it', () => {
    expect(approvalFor(given(100), RULES)).toBeUndefined();
    expect(approvalFor(given(100.0001), RULES)).toMatchObject({ kind: 'cost' });
  });

  it('is asked for when the request wants it, whatever it costs', () => {
    expect(approvalFor(given(0, { required: true }), RULES)).toMatchObject({ kind: 'requested' });
  });

  it('shows who works, what it costs, until when, and who may answer', () => {
    const before = Date.now();
    const approval = Approval.parse(approvalFor(given(150), RULES));
    expect(approval).toMatchObject({
      policy: { roles: ['admin'], asker: true, thresholdCents: 100 },
      plan: { agents: route.agents, estimatedCents: 150, worstCaseCents: 450, question: 'Type APPROVE' },
    });
    const left = Date.parse(approval.expiresAt) - before;
    expect(left).toBeGreaterThanOrEqual(600_000);
    expect(left).toBeLessThan(601_000);
  });

  it('has a hash that changes with everything a person sees', () => {
    const hashes = [
      given(150),
      given(151),
      given(150, { message: 'Do something else' }),
      given(150, { orchestrationId: 'job-2' }),
      given(150, { route: { ...route, mode: 'sequential' } }),
      given(150, { route: { ...route, agents: [{ agent: 'ops', relevance: 1 }] } }),
      given(150, { question: 'Other words' }),
      given(150, { estimate: { usualNanos: centsToNanos(150), worstNanos: centsToNanos(900) } }),
    ].map((one) => approvalFor(one, { ...RULES, timeoutMs: 0 })?.hash);
    expect(new Set(hashes).size).toBe(hashes.length);
    expect(approvalFor(given(150), { ...RULES, thresholdCents: 99 })?.hash).not.toBe(hashes[0]);
  });

  it('keeps its id for the same orchestration and has another for another', () => {
    const id = (orchestrationId: string) => approvalFor(given(150, { orchestrationId }), RULES)?.id;
    expect(id('job-1')).toBe(id('job-1'));
    expect(id('job-1')).not.toBe(id('job-2'));
    expect(id('job-1')).not.toContain('job-1');
  });
});
