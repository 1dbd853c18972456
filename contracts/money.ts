import { z } from 'zod';
import { Tier } from './agents.ts';

/**
 * Money is counted in nanos: billionths of a US dollar, always whole. One cent is 10,000,000 nanos, and a price of
 * $0.001 per million tokens is one nano per token, so every published price is exact.
 */
export type Nanos = number;

const NANOS_PER_CENT = 10_000_000;
export const NANOS_PER_DOLLAR = 1_000_000_000;

/** Cents (may have a fraction) to whole nanos. */
export const centsToNanos = (cents: number): Nanos => Math.round(cents * NANOS_PER_CENT);

/** Nanos to cents with their fraction, for people and REST. */
export const nanosToCents = (nanos: Nanos): number => nanos / NANOS_PER_CENT;

/**
 * When the window of a budget ends that this moment lies in, as an ISO moment: windows are days, months and years in UTC,
 * as the ledger counts them.
 */
export function windowEnd(period: 'day' | 'month' | 'year', at: Date): string {
  const end = new Date(at);
  end.setUTCHours(24, 0, 0, 0);
  if (period !== 'day') end.setUTCFullYear(at.getUTCFullYear(), period === 'year' ? 12 : at.getUTCMonth() + 1, 1);
  return end.toISOString();
}

const BudgetScope = z.enum(['organization', 'user']);
const BudgetPeriod = z.enum(['day', 'month', 'year']);

/** The body of `PUT /api/admin/budgets`. A person has a limit per day, an organization per day, month and year. */
export const BudgetChange = z
  .strictObject({
    scope: BudgetScope,
    userId: z.uuid().optional(),
    period: BudgetPeriod,
    limitCents: z.number().min(0).max(100_000_000),
  })
  .refine(({ scope, userId }) => (scope === 'user') === (userId !== undefined), {
    message: 'A limit of scope "user" needs a userId, one of scope "organization" has none.',
    path: ['userId'],
  })
  .refine(({ scope, period }) => scope === 'organization' || period === 'day', {
    message: 'People have limits per day only.',
    path: ['period'],
  });
export type BudgetChange = z.infer<typeof BudgetChange>;

const Share = z.number().min(0).max(1);

/**
 * What happens to tiers while a budget is tight, as shares of the tightest limit: from `balancedFrom` on deep work is
 * done by the balanced model, from `fastFrom` on all work is done by the fast one.
 */
export const BudgetPolicy = z
  .strictObject({ stepDown: z.boolean(), balancedFrom: Share, fastFrom: Share })
  .refine(({ balancedFrom, fastFrom }) => balancedFrom <= fastFrom, {
    message: 'The balanced model comes before the fast one: balancedFrom has to be at most fastFrom.',
    path: ['balancedFrom'],
  });
export type BudgetPolicy = z.infer<typeof BudgetPolicy>;

/** Where an organization has decided nothing, tiers step down where people are warned. */
export const toDefaultPolicy = (warning: number, critical: number): BudgetPolicy => ({
  stepDown: true,
  balancedFrom: Math.min(warning, critical),
  fastFrom: Math.max(warning, critical),
});

/** A limit with what has gone through its present window. `limitCents` null: there is none. */
export const BudgetView = z.object({
  scope: BudgetScope,
  userId: z.string().nullable(),
  period: BudgetPeriod,
  startsOn: z.string(),
  /** When the present window ends and what was spent counts no more: an ISO moment, midnight UTC. */
  resetsAt: z.string(),
  limitCents: z.number().nullable(),
  isDefault: z.boolean(),
  reservedCents: z.number(),
  spentCents: z.number(),
});
export type BudgetView = z.infer<typeof BudgetView>;

export const USAGE_GROUPS = ['day', 'user', 'agent', 'model', 'orchestration'] as const;
export const UsageGroup = z.enum(USAGE_GROUPS);
export type UsageGroup = z.infer<typeof UsageGroup>;

/** Sums of usage; only the asked groups are there. An analysis has no agent. */
export const UsageRow = z.object({
  day: z.string().optional(),
  userId: z.string().nullable().optional(),
  agent: z.string().nullable().optional(),
  model: z.string().optional(),
  jobId: z.string().optional(),
  calls: z.number(),
  inputTokens: z.number(),
  outputTokens: z.number(),
  cacheWriteTokens: z.number(),
  cacheReadTokens: z.number(),
  costCents: z.number(),
});
export type UsageRow = z.infer<typeof UsageRow>;

/** One call of a model in the ledger. `unknown`: nobody knows whether it was billed, so it counts at its worst case. */
export const LedgerEntry = z.object({
  id: z.string(),
  jobId: z.string(),
  userId: z.string().nullable(),
  turn: z.string(),
  agent: z.string().nullable(),
  model: z.string(),
  /** The tier that was asked for, when the pressure on a budget gave the call a cheaper one. */
  steppedDownFrom: Tier.nullable(),
  state: z.enum(['reserved', 'settled', 'released', 'unknown']),
  reservedCents: z.number(),
  costCents: z.number(),
  inputTokens: z.number(),
  outputTokens: z.number(),
  cacheWriteTokens: z.number(),
  cacheReadTokens: z.number(),
  createdAt: z.string(),
  settledAt: z.string().nullable(),
});
export type LedgerEntry = z.infer<typeof LedgerEntry>;
