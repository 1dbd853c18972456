import type { AgentDefinition, AgentId, Tier } from '../../contracts/agents.ts';
import type { Nanos } from '../../contracts/money.ts';
import { MAX_TOKENS, USUAL_OUTPUT_TOKENS } from '../steps/prompts.ts';
import type { PriceTable } from '../models/prices.ts';

interface Estimate {
  readonly usualNanos: Nanos;
  readonly worstNanos: Nanos;
}

/** Bytes of one token in usual text; only for estimates, reservations count every byte. */
const BYTES_PER_TOKEN = 4;

/** What it costs to let these agents answer a request of this many bytes, as usual and at worst. */
export function estimateRun(
  { prices, models, agents }: EstimateDeps,
  run: { agents: readonly AgentId[]; requestBytes: number; sequential: boolean },
): Estimate {
  let usualNanos = 0;
  let worstNanos = 0;
  let earlierTokens = 0;
  for (const id of run.agents) {
    const agent = agents.get(id);
    if (!agent) continue;
    const model = models[agent.tier];
    const bytes = run.requestBytes + Buffer.byteLength(agent.prompt);
    const output = USUAL_OUTPUT_TOKENS[agent.tier];
    usualNanos += prices.worstCaseOf(model, Math.ceil(bytes / BYTES_PER_TOKEN) + earlierTokens, output);
    worstNanos += prices.worstCaseOf(model, bytes + earlierTokens * BYTES_PER_TOKEN, MAX_TOKENS[agent.tier]);
    if (run.sequential) earlierTokens += output;
  }
  return { usualNanos, worstNanos };
}

export interface EstimateDeps {
  readonly prices: PriceTable;
  readonly models: Readonly<Record<Tier, string>>;
  readonly agents: ReadonlyMap<AgentId, AgentDefinition>;
}
