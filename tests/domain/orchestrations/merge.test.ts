import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mergeAnswers, type AgentAnswer } from '../../../domain/orchestrations/answers.ts';
import { TRAINED_AGENTS } from '../../../contracts/agents.ts';
import { AggregatedResult } from '../../../contracts/orchestration.ts';

const answer = (changes: Partial<AgentAnswer> = {}): AgentAnswer => ({
  step: 'brand',
  agent: 'brand',
  content: 'words',
  confidence: 0.8,
  relevance: 1,
  model: 'm',
  ...changes,
});

describe('merging answers', () => {
  it('makes the heaviest answer the primary one: confidence times relevance', () => {
    const merged = mergeAnswers(
      [
        answer({ agent: 'brand', content: 'sure of little', confidence: 0.9, relevance: 0.2 }),
        answer({ agent: 'finance', content: 'the point', confidence: 0.6, relevance: 0.9 }),
      ],
      [],
      1_234,
    );
    expect(merged).toMatchObject({
      primary_result: 'the point',
      primary_agent: 'finance',
      agents_used: ['finance', 'brand'],
      execution_time_ms: 1_234,
      aggregation_method: 'weighted_merge',
    });
    expect(merged?.supporting_insights).toEqual([
      { agent: 'brand', content: 'sure of little', confidence: 0.9, weight: expect.closeTo(0.18 / 0.72) },
    ]);
    expect(merged?.confidence_score).toBeCloseTo((0.18 / 0.72) * 0.9 + (0.54 / 0.72) * 0.6);
  });

  it('has no result when nobody answered', () => {
    expect(mergeAnswers([], [{ step: 'ops', title: 'Ops', agent: 'ops', reason: 'away' }], 1)).toBeUndefined();
  });

  it('names who is missing beside who answered', () => {
    const missing = { agent: 'ops' as const, reason: 'The model could not be reached.' };
    const merged = mergeAnswers([answer()], [{ step: 'ops', title: 'Ops', ...missing }], 1);
    expect(merged?.missing_agents).toEqual([missing]);
    expect(merged?.coverage).toMatchObject({ answered: 1, total: 2, missing: [{ step: 'ops', title: 'Ops' }] });
  });

  it('weighs alike when nobody is sure of anything, and keeps the order', () => {
    const merged = mergeAnswers([answer({ confidence: 0 }), answer({ agent: 'ops', confidence: 0 })], [], 1);
    expect(merged).toMatchObject({ primary_agent: 'brand', confidence_score: 0 });
    expect(merged?.supporting_insights[0]?.weight).toBe(0.5);
  });

  it('names a model once that several agents used', () => {
    const merged = mergeAnswers([answer(), answer({ agent: 'ops' }), answer({ agent: 'finance', model: 'n' })], [], 1);
    expect(merged?.models_used).toEqual(['m', 'n']);
  });

  it('keeps every answer, weights that sum to 1 in falling order, and a score within the answers’ confidence', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    const answers = fc.uniqueArray(
      fc.record({
        agent: fc.constantFrom(...TRAINED_AGENTS),
        content: fc.string(),
        confidence: share,
        relevance: share,
        model: fc.constantFrom('a', 'b'),
      }),
      { selector: ({ agent }) => agent, minLength: 1 },
    );
    fc.assert(
      fc.property(answers, (given) => {
        const merged = AggregatedResult.parse(
          mergeAnswers(
            given.map((one) => ({ ...one, step: one.agent })),
            [],
            5,
          ),
        );
        expect([...merged.agents_used].sort()).toEqual(given.map(({ agent }) => agent).sort());
        const rest = merged.supporting_insights.map(({ weight }) => weight);
        const first = 1 - rest.reduce((sum, weight) => sum + weight, 0);
        const weights = [first, ...rest];
        weights.forEach((weight, i) => expect(weight).toBeLessThanOrEqual((weights[i - 1] ?? 1) + 1e-9));
        const sure = given.map(({ confidence }) => confidence);
        expect(merged.confidence_score).toBeGreaterThanOrEqual(Math.min(...sure) - 1e-9);
        expect(merged.confidence_score).toBeLessThanOrEqual(Math.max(...sure) + 1e-9);
      }),
    );
  });
});
