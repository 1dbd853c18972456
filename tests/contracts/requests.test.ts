import { describe, expect, it } from '@jest/globals';
import { TRAINED_AGENTS } from '../../contracts/agents.ts';
import { FAILURE } from '../../contracts/failures.ts';
import { LIMITS } from '../../contracts/limits.ts';
import { CancelRequest, DecisionRequest } from '../../contracts/approval.ts';
import {
  FINAL_STATUSES,
  isFinal,
  JOB_STATUSES,
  OrchestrateRequest,
  orchestrateRequestFor,
} from '../../contracts/orchestration.ts';
import { orchestrationWorkflowId, organizationOfWorkflow, undoWorkflowId } from '../../contracts/queues.ts';
import { DEFAULT_ORGANIZATION_ID } from '../../domain/organizations/organizations.ts';
import { isStorableText, storableText } from '../../contracts/json.ts';
import { ERROR_TEXT, errorSentence, textsFor, type ErrorCode } from '../../contracts/texts.ts';

const accepts = (changes: Record<string, unknown>) =>
  orchestrateRequestFor(TRAINED_AGENTS).safeParse({ message: 'Plan it', ...changes }).success;

describe('a request', () => {
  it('has a message of 1 to 40,000 characters that is not only blanks', () => {
    expect(accepts({ message: 'x'.repeat(LIMITS.messageChars) })).toBe(true);
    expect(accepts({ message: 'x'.repeat(LIMITS.messageChars + 1) })).toBe(false);
    for (const message of ['', ' \n\t ', '\u3000', undefined, null, 42, ['a']])
      expect(accepts({ message })).toBe(false);
  });

  it('keeps the message as it was written', () => {
    expect(OrchestrateRequest.parse({ message: '  plan\n it ' }).message).toBe('  plan\n it ');
  });

  it('is text that Postgres can keep: no NUL, no half of an emoji', () => {
    for (const message of ['a\u0000b', 'a\ud83d', '\udc00b']) expect(accepts({ message })).toBe(false);
    expect(accepts({ message: 'launch 🎉 출시' })).toBe(true);
    expect(accepts({ idempotencyKey: 'a\u0000' })).toBe(false);
  });

  it('names one to nine known agents', () => {
    expect(accepts({ agents: [...TRAINED_AGENTS] })).toBe(true);
    expect(accepts({ agents: [] })).toBe(false);
    expect(accepts({ agents: [...TRAINED_AGENTS, 'brand'] })).toBe(false);
    for (const agents of [['ceo'], ['__proto__'], 'brand', { 0: 'brand' }]) expect(accepts({ agents })).toBe(false);
  });

  it('bounds every other field, and refuses those it does not know', () => {
    expect(accepts({ idempotencyKey: 'k'.repeat(200), sessionId: 's'.repeat(100) })).toBe(true);
    for (const odd of [
      { idempotencyKey: 'k'.repeat(201) },
      { idempotencyKey: '' },
      { sessionId: 's'.repeat(101) },
      { sessionId: '' },
      { mode: 'random' },
      { category: 'none' },
      { requireApproval: 'true' },
      { organizationId: 'another' },
    ])
      expect({ odd, accepted: accepts(odd) }).toEqual({ odd, accepted: false });
  });

  it('fits into the body limit in any script', () => {
    const body = JSON.stringify({ message: '한'.repeat(LIMITS.messageChars), idempotencyKey: '한'.repeat(200) });
    expect(Buffer.byteLength(body)).toBeLessThan(LIMITS.bodyBytes);
  });
});

it('a decision is bounded, and refuses fields it does not know', () => {
  expect(DecisionRequest.safeParse({}).success).toBe(false);
  expect(DecisionRequest.safeParse({ hash: 'h' }).success).toBe(true);
  expect(CancelRequest.safeParse({}).success).toBe(true);
  for (const odd of [{ reason: 'x'.repeat(1_001) }, { hash: '' }, { approvalId: 'x'.repeat(101) }, { role: 'admin' }])
    expect(DecisionRequest.safeParse({ hash: 'h', ...odd }).success).toBe(false);
});

it('storable text is what Postgres gives back, and nothing else is changed', () => {
  expect(storableText('plan 🎉\n출시')).toBe('plan 🎉\n출시');
  expect(storableText('a\u0000b\ud83d')).toBe('ab\ufffd');
  expect([isStorableText('ok'), isStorableText('\u0000')]).toEqual([true, false]);
});

it('a status is final or one of the three that go on', () => {
  expect(JOB_STATUSES.filter((status) => !isFinal(status))).toEqual(['pending', 'running', 'awaiting_approval']);
  expect(FINAL_STATUSES.every(isFinal)).toBe(true);
});

it('names of failures stand in kept histories and never change', () => {
  expect(FAILURE).toMatchObject({
    modelRefused: 'ModelRefused',
    modelRateLimited: 'ModelRateLimited',
    modelUnavailable: 'ModelUnavailable',
    modelUnauthorized: 'ModelUnauthorized',
    budgetExhausted: 'BudgetExhausted',
    alreadyOver: 'AlreadyOver',
    slackRateLimited: 'SlackRateLimited',
    slackRefused: 'SlackRefused',
    notWaiting: 'NotWaiting',
    approvalMismatch: 'ApprovalMismatch',
    notAllowed: 'NotAllowed',
  });
  const target = { organizationId: DEFAULT_ORGANIZATION_ID, orchestrationId: 'cba8b6f3-9a77-4d0c-8b2e-0a4f0f5b7a11' };
  expect(orchestrationWorkflowId(target)).toBe(`orchestration-${target.orchestrationId}-${target.organizationId}`);
  for (const id of [orchestrationWorkflowId(target), undoWorkflowId(target)])
    expect(organizationOfWorkflow(id)).toBe(target.organizationId);
  expect(organizationOfWorkflow(`other-${target.organizationId}`)).toBeUndefined();
});

describe.each(['en', 'ko'] as const)('every error in %s', (language) => {
  it.each(Object.keys(ERROR_TEXT) as ErrorCode[])('%s has a sentence', (code) => {
    const sentence = errorSentence(code, language);
    expect(sentence.length).toBeGreaterThan(5);
    expect(/[가-힣]/.test(sentence)).toBe(language === 'ko');
  });

  it('is among the texts, none of which is empty', () => {
    const { running, healing, ...plain } = textsFor(language);
    for (const text of Object.values(plain)) expect(text).not.toBe('');
    expect(running('Brand', 1, 2)).toContain('Brand');
    expect(healing(1, 'a', 'b', 'c')).toContain('#1');
  });
});
