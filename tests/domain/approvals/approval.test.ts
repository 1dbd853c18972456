import { describe, expect, it } from '@jest/globals';
import { createApproval, toQuestion } from '../../../domain/approvals/approval.ts';
import { answerPolicy, expiryOf, reasonToAsk, type ApprovalRules } from '../../../domain/approvals/policy.ts';
import { Approval, ApprovalPolicy } from '../../../contracts/approval.ts';

const RULES: ApprovalRules = { thresholdCents: 100, timeoutMs: 600_000 };
const POLICY = ApprovalPolicy.parse({});
const NOW = Date.parse('2026-11-21T10:00:00.000Z');
const occasion = (estimatedCents: number, required = false) => ({
  estimatedCents,
  category: 'quick' as const,
  required,
});
const answers = (policy = POLICY, rules = RULES) =>
  answerPolicy({ policy, version: 0 }, rules, { askerId: 'ada', roles: new Map(), now: NOW });

type Shown = Parameters<typeof createApproval>[0]['shown'];
const shown = (plan: Partial<Shown['plan']> = {}, changes: Partial<Shown> = {}): Shown => ({
  kind: 'cost',
  expiresAt: expiryOf(POLICY, RULES, NOW),
  policy: answers(),
  plan: {
    agents: [{ agent: 'brand', relevance: 1 }],
    mode: 'parallel',
    estimatedCents: 150,
    worstCaseCents: 450,
    question: 'Type APPROVE',
    ...plan,
  },
  ...changes,
});
const approval = (changes: Partial<Parameters<typeof createApproval>[0]> = {}) =>
  createApproval({ orchestrationId: 'job-1', message: 'Do it', name: '1', shown: shown(), ...changes });

describe('an approval', () => {
  it('is asked for above the threshold, not at it', () => {
    expect(reasonToAsk(occasion(100), POLICY, RULES)).toBeUndefined();
    expect(reasonToAsk(occasion(100.0001), POLICY, RULES)).toBe('cost');
  });

  it('is asked for when the request wants it, whatever it costs', () => {
    expect(reasonToAsk(occasion(0, true), POLICY, RULES)).toBe('requested');
  });

  it('is asked for above the organization’s own threshold, and for its categories', () => {
    const own = ApprovalPolicy.parse({ costAboveCents: 5, categories: ['artistry'] });
    expect(reasonToAsk(occasion(6), own, RULES)).toBe('cost');
    expect(reasonToAsk({ ...occasion(0), category: 'artistry' }, own, RULES)).toBe('requested');
    expect(reasonToAsk(occasion(5), own, RULES)).toBeUndefined();
  });

  it.each([
    ['always', 'read', 0, 'plan'],
    ['risky', 'read', 0, undefined],
    ['risky', 'production', 0, 'plan'],
    ['risky', 'read', 101, 'plan'],
    ['never', 'production', 101, undefined],
  ] as const)('of a plan is asked for %s, with a step of risk %s at %d cents: %s', (plans, risk, cents, reason) => {
    const steps = [{ risk, kind: 'agent' as const }];
    const policy = ApprovalPolicy.parse({ plans });
    expect(reasonToAsk({ ...occasion(cents), steps }, policy, RULES)).toBe(reason);
    // Whoever asks to be asked is asked, whatever the policy says.
    expect(reasonToAsk({ ...occasion(0, true), steps }, policy, RULES)).toBe('plan');
  });

  it('shows who works, what it costs, until when, and who may answer', () => {
    const asked = Approval.parse(approval());
    expect(asked).toMatchObject({
      policy: { roles: ['admin'], asker: true, thresholdCents: 100 },
      plan: {
        agents: [{ agent: 'brand', relevance: 1 }],
        estimatedCents: 150,
        worstCaseCents: 450,
        question: 'Type APPROVE',
      },
    });
    expect(Date.parse(asked.expiresAt) - NOW).toBe(600_000);
    expect(toQuestion(asked, NOW)).toEqual({
      id: asked.id,
      hash: asked.hash,
      policy: asked.policy,
      timeoutMs: 600_000,
    });
  });

  it('has a hash that changes with everything a person sees', () => {
    const step = { stepId: 'build' };
    const hashes = [
      approval(),
      approval({ shown: shown({ estimatedCents: 151 }) }),
      approval({ message: 'Do something else' }),
      approval({ orchestrationId: 'job-2' }),
      approval({ shown: shown({ mode: 'sequential' }) }),
      approval({ shown: shown({ agents: [{ agent: 'ops', relevance: 1 }] }) }),
      approval({ shown: shown({ question: 'Other words' }) }),
      approval({ shown: shown({ worstCaseCents: 900 }) }),
      approval({ shown: shown({ goal: 'Another goal' }) }),
      approval({ shown: shown({ revision: 2 }) }),
      approval({ shown: shown(step) }),
      approval({ shown: shown({ ...step, evidence: ['It failed.'] }) }),
      approval({ shown: shown({}, { kind: 'budget' }) }),
      approval({ shown: shown({}, { choices: ['retry', 'stop'] }) }),
      approval({ shown: shown({}, { expiresAt: expiryOf(POLICY, RULES, NOW + 1) }) }),
      approval({ shown: shown({}, { policy: answers(POLICY, { ...RULES, thresholdCents: 99 }) }) }),
    ].map(({ hash }) => hash);
    expect(new Set(hashes).size).toBe(hashes.length);
    expect(approval().hash).toBe(hashes[0]);
  });

  it('keeps its id for the same question of the same orchestration and has another for another', () => {
    expect(approval().id).toBe(approval({ shown: shown({ estimatedCents: 1 }) }).id);
    expect(approval().id).not.toBe(approval({ orchestrationId: 'job-2' }).id);
    expect(approval().id).not.toBe(approval({ name: 'plan:1' }).id);
    expect(approval().id).not.toContain('job-1');
  });
});

describe('who may answer', () => {
  it('has its times made absolute when the question is asked', () => {
    const policy = ApprovalPolicy.parse({ remindersMs: [60_000], escalation: { afterMs: 120_000, users: [] } });
    expect(answers(policy)).toMatchObject({
      reminders: ['2026-11-21T10:01:00.000Z'],
      escalation: { at: '2026-11-21T10:02:00.000Z', roles: ['admin'], users: [] },
    });
  });

  it('never names the asker where four eyes are wanted', () => {
    expect(answers(ApprovalPolicy.parse({ notAsker: true }))).toMatchObject({ asker: false, notAsker: true });
  });

  it('lists delegates only of people who may answer themselves', () => {
    const [admin, user, outsider] = [1, 2, 3].map((n) => `00000000-0000-4000-8000-00000000000${n}`);
    const delegates = [
      { userId: admin, delegateId: outsider },
      { userId: user, delegateId: outsider },
    ];
    const policy = ApprovalPolicy.parse({ delegates });
    const roles = new Map([
      [admin ?? '', 'admin'],
      [user ?? '', 'user'],
    ]);
    const given = { askerId: 'ada', roles, now: NOW };
    expect(answerPolicy({ policy, version: 3 }, RULES, given)).toMatchObject({ delegates: [delegates[0]], version: 3 });
  });

  it('is told in choices too: APPROVE alone means the first, but not of an approval step', () => {
    const choices = ['retry' as const, 'skip' as const];
    const of = (kind: 'healing' | 'step') => toQuestion(approval({ shown: shown({}, { kind, choices }) }), NOW);
    expect(of('healing')).toMatchObject({ choices, approveMeans: 'retry' });
    expect(of('step').approveMeans).toBeUndefined();
  });
});
