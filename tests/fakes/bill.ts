import type { ModelLogLine } from '../../dev/fakes/model/index.ts';

/** US dollars per million tokens; cache prices default to the provider's multiples of the input price. */
export interface ModelPrice {
  readonly input: number;
  readonly output: number;
  readonly cacheWrite5m?: number;
  readonly cacheWrite1h?: number;
  readonly cacheRead?: number;
}

export interface Bill {
  /** Billionths of a dollar. */
  readonly nanos: number;
  readonly answers: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheCreationTokens: number;
  readonly cacheReadTokens: number;
}

/** One dollar per million tokens is 1,000 nanos per token. */
const perToken = (dollarsPerMillion: number): number => dollarsPerMillion * 1000;

/** What the provider would charge for these log lines: every answer it generated, whether or not it arrived. */
export function billOf(lines: readonly ModelLogLine[], prices: Readonly<Record<string, ModelPrice>>): Bill {
  const bill = { nanos: 0, answers: 0, inputTokens: 0, outputTokens: 0, cacheCreationTokens: 0, cacheReadTokens: 0 };
  for (const { usage, model = '' } of lines) {
    if (!usage) continue;
    const price = prices[model];
    if (!price) throw new Error(`No price for model ${model}.`);
    const { input, output, cacheWrite5m = input * 1.25, cacheWrite1h = input * 2, cacheRead = input * 0.1 } = price;
    bill.answers += 1;
    bill.inputTokens += usage.input_tokens;
    bill.outputTokens += usage.output_tokens;
    bill.cacheCreationTokens += usage.cache_creation_input_tokens;
    bill.cacheReadTokens += usage.cache_read_input_tokens;
    bill.nanos += Math.round(
      usage.input_tokens * perToken(input) +
        usage.output_tokens * perToken(output) +
        usage.cache_creation.ephemeral_5m_input_tokens * perToken(cacheWrite5m) +
        usage.cache_creation.ephemeral_1h_input_tokens * perToken(cacheWrite1h) +
        usage.cache_read_input_tokens * perToken(cacheRead),
    );
  }
  return bill;
}
