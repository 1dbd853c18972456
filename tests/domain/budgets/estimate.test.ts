import { describe, expect, it } from '@jest/globals';
import { estimateRun, type EstimateDeps } from '../../../domain/budgets/estimate.ts';
import type { AgentId } from '../../../contracts/agents.ts';
import { MODELS, PRICES, sampleAgents, sampleDefinition } from '../../support/samples.ts';

const deps: EstimateDeps = {
  prices: PRICES,
  models: MODELS,
  agents: sampleAgents(
    sampleDefinition('brand', 'balanced', 'x'.repeat(400)),
    sampleDefinition('ops', 'fast', 'x'.repeat(400)),
    sampleDefinition('product', 'deep', 'x'.repeat(400)),
  ),
};
const estimate = (agents: AgentId[], more: { requestBytes?: number; sequential?: boolean } = {}) =>
  estimateRun(deps, { agents, requestBytes: 100, sequential: false, ...more });

describe('an estimate', () => {
  it('adds up the agents', () => {
    const one = estimate(['brand']);
    const two = estimate(['brand', 'ops']);
    const other = estimate(['ops']);
    expect(two.usualNanos).toBe(one.usualNanos + other.usualNanos);
    expect(two.worstNanos).toBe(one.worstNanos + other.worstNanos);
  });

  it('is exact: tokens of the prompt at its dearest rate and the usual answer', () => {
    // 500 bytes are 125 tokens at 2 × $2, and 800 tokens of output at $10, per million.
    expect(estimate(['brand']).usualNanos).toBe(125 * 4_000 + 800 * 10_000);
    expect(estimate(['brand']).worstNanos).toBe(500 * 4_000 + 4_096 * 10_000);
  });

  it('is never less at worst than as usual, and grows with the request', () => {
    for (const agents of [['brand'], ['ops', 'product'], ['brand', 'ops', 'product']] as AgentId[][]) {
      const short = estimate(agents);
      const long = estimate(agents, { requestBytes: 100_000 });
      expect(short.worstNanos).toBeGreaterThan(short.usualNanos);
      expect(long.usualNanos).toBeGreaterThan(short.usualNanos);
    }
  });

  it('counts what earlier agents have said when they work one after the other', () => {
    const agents: AgentId[] = ['brand', 'product'];
    expect(estimate(agents, { sequential: true }).usualNanos).toBeGreaterThan(estimate(agents).usualNanos);
  });

  it('passes over an agent that is not there', () => {
    expect(estimate(['brand', 'finance'])).toEqual(estimate(['brand']));
  });
});
