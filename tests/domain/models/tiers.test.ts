import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { chooseModel, tierUnder } from '../../../domain/models/turn-context.ts';
import { TIERS } from '../../../contracts/agents.ts';
import { toDefaultPolicy } from '../../../contracts/money.ts';

const POLICY = toDefaultPolicy(0.8, 0.95);
const means = { models: { fast: 'haiku', balanced: 'sonnet', deep: 'opus' }, defaultPolicy: POLICY };

describe('the tier under pressure', () => {
  it('is the one asked for while there is room', () => {
    for (const tier of TIERS) expect(tierUnder(0.7999, tier, POLICY)).toBe(tier);
  });

  it('is at most balanced from the first share on, and fast from the second', () => {
    expect(TIERS.map((tier) => tierUnder(0.8, tier, POLICY))).toEqual(['fast', 'balanced', 'balanced']);
    expect(TIERS.map((tier) => tierUnder(0.95, tier, POLICY))).toEqual(['fast', 'fast', 'fast']);
  });

  it('stays as it is where the organization wants that', () => {
    for (const tier of TIERS) expect(tierUnder(2, tier, { ...POLICY, stepDown: false })).toBe(tier);
  });

  it('never becomes dearer with more pressure, nor than what was asked (property)', () => {
    const share = fc.double({ min: 0, max: 2, noNaN: true });
    fc.assert(
      fc.property(share, share, fc.constantFrom(...TIERS), fc.boolean(), (one, other, tier, stepDown) => {
        const at = (pressure: number) => TIERS.indexOf(tierUnder(pressure, tier, { ...POLICY, stepDown }));
        expect(at(Math.max(one, other))).toBeLessThanOrEqual(at(Math.min(one, other)));
        expect(at(one)).toBeLessThanOrEqual(TIERS.indexOf(tier));
      }),
    );
  });
});

describe('the model', () => {
  it('says which tier was asked for when a cheaper one answers, and only then', () => {
    expect(chooseModel(means, 'deep', { pressure: 0, policy: null })).toEqual({ tier: 'deep', model: 'opus' });
    expect(chooseModel(means, 'deep', { pressure: 0.9, policy: null })).toEqual({
      tier: 'balanced',
      model: 'sonnet',
      steppedDownFrom: 'deep',
    });
  });

  it('follows the organization’s policy before the default', () => {
    const policy = { stepDown: true, balancedFrom: 0.1, fastFrom: 0.2 };
    expect(chooseModel(means, 'deep', { pressure: 0.2, policy }).tier).toBe('fast');
    expect(chooseModel(means, 'deep', { pressure: 1, policy: { ...policy, stepDown: false } }).tier).toBe('deep');
  });

  it('steps down where people are warned, in whatever order the thresholds were given', () => {
    expect(toDefaultPolicy(0.9, 0.5)).toEqual({ stepDown: true, balancedFrom: 0.5, fastFrom: 0.9 });
  });
});
