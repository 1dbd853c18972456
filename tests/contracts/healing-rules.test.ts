import { describe, expect, it } from '@jest/globals';
import { MAX_HEALINGS, ruleFor } from '../../contracts/healing-rules.ts';
import { HEALING_ACTIONS } from '../../contracts/plan.ts';
import { ERROR_TEXT, textsFor, type ErrorCode } from '../../contracts/texts.ts';

const CODES = Object.keys(ERROR_TEXT) as ErrorCode[];

describe('a rule of healing', () => {
  it('tries another tier’s model once when the model is away, then stops', () => {
    expect(ruleFor('model_unavailable', 0)).toEqual({ cause: 'model_unavailable', action: 'retry', changeTier: true });
    expect(ruleFor('model_unavailable', 1)).toEqual({ cause: 'model_unavailable', action: 'stop' });
  });

  it('tries a fault of ours once again, then stops', () => {
    expect(ruleFor('internal', 0)).toEqual({ cause: 'internal', action: 'retry' });
    expect(ruleFor('internal', 1)).toEqual({ cause: 'internal', action: 'stop' });
  });

  it.each([
    'budget_exhausted_user',
    'budget_exhausted_organization',
    'model_unauthorized',
    'timed_out',
    'stopped',
  ] as const)('is none for %s, which trying cannot change', (code) => {
    expect(ruleFor(code, 0)).toBe('none');
  });

  it.each(['model_refused', 'no_answer', 'condition_broken'] as const)('leaves %s to a diagnosis', (code) => {
    expect(ruleFor(code, 0)).toBeUndefined();
    expect(ruleFor(code, 1)).toBeUndefined();
  });

  it('lets nothing be healed more often than allowed', () => {
    for (const code of CODES) expect(ruleFor(code, MAX_HEALINGS)).toBe('none');
  });

  it('has words in both languages for every cause and action it can have', () => {
    for (const texts of [textsFor('en'), textsFor('ko')]) {
      for (const action of HEALING_ACTIONS) expect(texts.healingActions[action]).toMatch(/\S/);
      for (const code of CODES) {
        const rule = ruleFor(code, 0);
        if (typeof rule === 'object') expect(texts.healingCauses[rule.cause]).toMatch(/\S/);
      }
    }
  });
});
