import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { agentPrompt, MAX_TOKENS } from '../../../domain/steps/prompts.ts';
import { maxPromptTokens } from '../../../domain/models/turn.ts';
import { answersGivenTo, EARLIER_ANSWER_BYTES, earlierAnswer } from '../../../domain/planning/graph.ts';
import { pricePlan, tierOf, type PastRuns, type PriceContext } from '../../../domain/planning/price.ts';
import { centsToNanos } from '../../../contracts/money.ts';
import type { PlanStep } from '../../../contracts/plan.ts';
import { MODELS, PRICES, sampleAgents, sampleDefinition } from '../../support/samples.ts';
import { sampleChain, samplePlan, sampleStep } from './samples.ts';

const agents = sampleAgents(
  sampleDefinition('engineering', 'deep', 'x'.repeat(2_000)),
  sampleDefinition('finance', 'fast'),
  sampleDefinition('general', 'fast'),
);
const price = (steps: PlanStep[], context: Partial<PriceContext> = {}) =>
  pricePlan(samplePlan(...steps), { prices: PRICES, models: MODELS, agents }, { requestBytes: 200, ...context });
const only = (step: PlanStep, context: Partial<PriceContext> = {}) => {
  const estimate = price([step], context).steps[0]?.estimate;
  if (!estimate) throw new Error('no step');
  return estimate;
};
const past = (changes: Partial<PastRuns> = {}) =>
  new Map([['engineering', { runs: 5, inputTokens: 900, outputTokens: 2_000, seconds: 60, ...changes }]]);

describe('the model of a step', () => {
  it.each([
    [sampleStep('a'), 'deep'],
    [sampleStep('a', { agent: 'finance' }), 'fast'],
    [sampleStep('a', { kind: 'task', agent: null, category: 'quick' }), 'fast'],
    [sampleStep('a', { kind: 'task', agent: null, category: 'ultrabrain' }), 'deep'],
    [sampleStep('a', { kind: 'task', agent: null, category: 'artistry' }), 'balanced'],
    [sampleStep('a', { kind: 'task', agent: null, category: 'visual-engineering' }), 'balanced'],
    [sampleStep('a', { kind: 'tool', agent: null, tool: 't' }), 'fast'],
    [sampleStep('a', { kind: 'approval', agent: null }), undefined],
  ])('is the one of its agent or its category', (step, tier) => {
    expect(tierOf(step, agents)).toBe(tier);
  });
});

describe('the price of a plan', () => {
  it('is exact: the prompt at its dearest rate and the usual answer', () => {
    // 1,000 of frame, 2,000 of prompt, 9 and 24 of step and 200 of request are 3,233 bytes or 808 tokens at 2 x $4,
    // and 1,200 tokens of answer at $20, per million.
    expect(only(sampleStep('a'))).toEqual({
      minutes: 0.6,
      inputTokens: 808,
      outputTokens: 1_200,
      cents: (808 * 8_000 + 1_200 * 20_000) / 10_000_000,
      worstCents: (3_233 * 8_000 + 6_144 * 20_000) / 10_000_000,
      basis: 'prices',
      runs: 0,
    });
  });

  it('is the sum of its steps, its time the longest chain of them', () => {
    const plan = price([...sampleChain('a', 'b', 'c'), sampleStep('side')]);
    expect(plan.cents).toBeCloseTo(
      plan.steps.reduce((sum, { estimate }) => sum + estimate.cents, 0),
      9,
    );
    expect(plan.worstCents).toBeCloseTo(
      plan.steps.reduce((sum, { estimate }) => sum + estimate.worstCents, 0),
      9,
    );
    expect(plan).toMatchObject({ phases: 3, minutes: 1.8 });
    expect(plan.steps.map(({ phase }) => phase)).toEqual([1, 2, 3, 1]);
  });

  it('has nothing for asking a person, and two short turns and a moment for a tool', () => {
    const nothing = { cents: 0, worstCents: 0, inputTokens: 0, outputTokens: 0 };
    expect(only(sampleStep('a', { kind: 'approval', agent: null }))).toMatchObject({ ...nothing, minutes: 0 });
    const tool = only(sampleStep('a', { kind: 'tool', agent: null, tool: 't' }));
    const once = only(sampleStep('a', { kind: 'task', agent: null, category: 'quick' }));
    expect(tool).toMatchObject({ outputTokens: 2 * once.outputTokens });
    expect(tool.inputTokens / once.inputTokens).toBeCloseTo(2, 1);
    expect(tool.minutes).toBeGreaterThan(once.minutes);
    expect(tool.worstCents).toBeGreaterThan(2 * once.worstCents);
  });

  it('rests on past runs of the agent when there are three, and keeps the worst case of the table', () => {
    const plain = only(sampleStep('a'));
    expect(only(sampleStep('a'), { pastRuns: past() })).toEqual({
      minutes: 1,
      inputTokens: 900,
      outputTokens: 2_000,
      cents: (900 * 8_000 + 2_000 * 20_000) / 10_000_000,
      worstCents: plain.worstCents,
      basis: 'past_runs',
      runs: 5,
    });
    expect(only(sampleStep('a'), { pastRuns: past({ runs: 2 }) })).toEqual(plain);
    expect(only(sampleStep('a'), { pastRuns: past({ seconds: null }) }).minutes).toBe(0.9);
    const task = sampleStep('a', { kind: 'task', agent: null, category: 'ultrabrain' });
    expect(only(task, { pastRuns: new Map([['general', { ...past().get('engineering')! }]]) }).basis).toBe('prices');
  });

  it('counts what earlier steps will have said', () => {
    const [, alone] = price([sampleStep('a'), sampleStep('b')]).steps;
    const [, after] = price(sampleChain('a', 'b')).steps;
    expect(after?.estimate.inputTokens).toBe((alone?.estimate.inputTokens ?? 0) + 1_200);
    expect(after?.estimate.worstCents).toBeGreaterThan(alone?.estimate.worstCents ?? Infinity);
  });

  it('is never less at worst than the reservation of any step, and never less than what is expected', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 400 });
    const given = fc.record({
      instruction: text,
      request: text,
      answers: fc.array(
        fc.oneof(
          text,
          text.map((part) => part.repeat(200)),
        ),
        { maxLength: 4 },
      ),
      pastRuns: fc.constantFrom(undefined, past(), past({ inputTokens: 1e7, outputTokens: 1e7 })),
    });
    fc.assert(
      fc.property(given, ({ instruction, request, answers, pastRuns }) => {
        const before = answers.map((_, i) => sampleStep(`n${i}`));
        const step = sampleStep('z', { instruction, needs: before.map(({ id }) => id) });
        const requestBytes = Buffer.byteLength(request);
        const estimate = price([...before, step], { requestBytes, ...(pastRuns ? { pastRuns } : {}) }).steps.at(
          -1,
        )?.estimate;
        const content = [request, step.title, instruction, ...answers.map(earlierAnswer)].join('');
        const definition = agents.get('engineering')!;
        const prompt = {
          system: agentPrompt(definition, '2026-11-21', 'Asia/Seoul'),
          messages: [{ role: 'user' as const, content }],
        };
        const reserved = PRICES.worstCaseOf(MODELS.deep, maxPromptTokens(prompt), MAX_TOKENS.deep);
        expect(centsToNanos(estimate?.worstCents ?? 0)).toBeGreaterThanOrEqual(reserved);
        expect(estimate?.worstCents).toBeGreaterThanOrEqual(estimate?.cents ?? Infinity);
      }),
    );
  });
});

describe('what a step is told of earlier ones', () => {
  it('is what it needs, through approvals', () => {
    const steps = [
      sampleStep('a'),
      sampleStep('b', { needs: ['a'] }),
      sampleStep('ask', { kind: 'approval', agent: null, needs: ['b'] }),
      sampleStep('deploy', { needs: ['ask', 'done_before'] }),
    ];
    expect(answersGivenTo(steps[3]!, steps)).toEqual(['done_before', 'b']);
  });

  it('is bounded in bytes, whole letters only', () => {
    expect(earlierAnswer('short')).toBe('short');
    const long = earlierAnswer('버그'.repeat(10_000));
    expect(Buffer.byteLength(long)).toBeLessThanOrEqual(EARLIER_ANSWER_BYTES);
    expect(long).toMatch(/^[버그]+\n\[…\]$/);
  });
});
