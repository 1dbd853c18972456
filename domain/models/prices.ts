import { ownValue } from '../../contracts/json.ts';
import { type Nanos, NANOS_PER_DOLLAR } from '../../contracts/money.ts';

/** US dollars per million tokens. */
interface Price {
  readonly input: number;
  readonly output: number;
  readonly cacheWrite5m?: number;
  readonly cacheWrite1h?: number;
  readonly cacheRead?: number;
}

interface TieredPrice extends Price {
  /** Rates of a request whose whole prompt, cache included, is longer than `aboveTokens`. */
  readonly longPrompt?: { readonly aboveTokens: number; readonly price: Price };
}

/**
 * Anthropic's list prices as published at platform.claude.com/docs/en/about-claude/pricing and on the models' pages,
 * read in November 2026. Cache writes are 1.25 × (5 minutes) and 2 × (1 hour) the input price; cache reads 0.05 × for
 * Opus and Sonnet 5.5 and 0.1 × for the others. `MODEL_PRICES` adds to this table or overrides it.
 */
const LIST: Readonly<Record<string, TieredPrice>> = {
  'claude-opus-5-5': { input: 4, output: 20, cacheRead: 0.2 },
  'claude-sonnet-5-5': { input: 2, output: 10, cacheRead: 0.1 },
  'claude-haiku-5-5': {
    input: 0.1,
    output: 0.5,
    longPrompt: { aboveTokens: 100_000, price: { input: 0.5, output: 2.5 } },
  },
  'claude-opus-5': { input: 5, output: 25 },
  'claude-sonnet-5': { input: 2, output: 10 },
  'claude-opus-4-8': { input: 5, output: 25 },
  'claude-opus-4-7': { input: 5, output: 25 },
  'claude-opus-4-6': { input: 5, output: 25 },
  'claude-opus-4-5': { input: 5, output: 25 },
  'claude-sonnet-4-6': { input: 3, output: 15 },
  'claude-sonnet-4-5': { input: 3, output: 15 },
  'claude-haiku-4-5': { input: 1, output: 5 },
};

/** Tokens of one call as the provider bills them. */
export interface BilledTokens {
  readonly input: number;
  readonly output: number;
  readonly cacheWrite5m: number;
  readonly cacheWrite1h: number;
  readonly cacheRead: number;
}

export interface PriceTable {
  /** What a call cost, exactly. */
  costOf(model: string, tokens: BilledTokens): Nanos;
  /** The most a call can cost: the whole prompt at its dearest rate and every allowed token of output. */
  worstCaseOf(model: string, promptTokens: number, maxOutputTokens: number): Nanos;
}

/**
 * The price table of the configured models.
 * @throws when a model has no price: an unknown price must stop the start, not count as zero.
 */
export function createPriceTable(
  models: readonly string[],
  overrides: Readonly<Record<string, Price>> = {},
): PriceTable {
  const table = new Map<string, TieredPrice | undefined>(
    models.map((model) => [model, ownValue(overrides, model) ?? ownValue(LIST, withoutDate(model))]),
  );
  const unknown = [...table].filter(([, price]) => price === undefined).map(([model]) => model);
  if (unknown.length > 0)
    throw new Error(
      `No price is known for ${unknown.join(', ')}. Set MODEL_PRICES, for example ` +
        `{"${unknown[0]}": {"input": 2, "output": 10}} in dollars per million tokens.`,
    );
  const ratesOf = (model: string, promptTokens: number): Rates => {
    const price = table.get(model);
    if (!price) throw new Error(`No price is known for ${model}.`);
    const { longPrompt } = price;
    return toRates(longPrompt && promptTokens > longPrompt.aboveTokens ? longPrompt.price : price);
  };
  return {
    costOf: (model, tokens) => {
      const rates = ratesOf(model, tokens.input + tokens.cacheWrite5m + tokens.cacheWrite1h + tokens.cacheRead);
      return Math.round(
        tokens.input * rates.input +
          tokens.output * rates.output +
          tokens.cacheWrite5m * rates.cacheWrite5m +
          tokens.cacheWrite1h * rates.cacheWrite1h +
          tokens.cacheRead * rates.cacheRead,
      );
    },
    worstCaseOf: (model, promptTokens, maxOutputTokens) => {
      const rates = ratesOf(model, promptTokens);
      const dearest = Math.max(rates.input, rates.cacheWrite5m, rates.cacheWrite1h);
      return Math.ceil(promptTokens * dearest + maxOutputTokens * rates.output);
    },
  };
}

type Rates = Required<Price>;

/** Dollars per million tokens to nanos per token. */
function toRates(price: Price): Rates {
  const perToken = (dollars: number) => (dollars * NANOS_PER_DOLLAR) / 1_000_000;
  return {
    input: perToken(price.input),
    output: perToken(price.output),
    cacheWrite5m: perToken(price.cacheWrite5m ?? price.input * 1.25),
    cacheWrite1h: perToken(price.cacheWrite1h ?? price.input * 2),
    cacheRead: perToken(price.cacheRead ?? price.input * 0.1),
  };
}

/** `claude-haiku-4-5-20251001` is `claude-haiku-4-5` on one day. */
const withoutDate = (model: string): string => model.replace(/-20\d{6}$/, '');
