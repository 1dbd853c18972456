import { z } from 'zod';

/**
 * `PENDING`: claimed, and perhaps under way. `DONE`: it happened. `UNKNOWN`: it may have happened, and a person is asked.
 * `FAILED`: it certainly did not happen, and may be tried again.
 */
const EFFECT_STATES = ['PENDING', 'DONE', 'UNKNOWN', 'FAILED'] as const;
export const EffectState = z.enum(EFFECT_STATES);
export type EffectState = z.infer<typeof EffectState>;

/** How it was found out: the provider's answer, reading back, the provider's own idempotency key, or a person. */
export const SettledBy = z.enum(['response', 'read_back', 'provider_key', 'person']);
export type SettledBy = z.infer<typeof SettledBy>;

/** What an effect made or changed, so that people find it and it can be undone. */
export const EffectResource = z.object({ id: z.string(), url: z.string().optional() });
export type EffectResource = z.infer<typeof EffectResource>;

/** One line of the ledger under `GET /api/jobs/:jobId/effects`, in the order of the claims. */
export const EffectView = z.object({
  key: z.string(),
  stepId: z.string().nullable(),
  tool: z.string(),
  connection: z.string().nullable(),
  arguments: z.record(z.string(), z.unknown()),
  state: EffectState,
  settledBy: SettledBy.nullable(),
  resource: EffectResource.nullable(),
  attempts: z.number().int(),
  /** What is known of an effect whose outcome is not. */
  detail: z.string().nullable(),
  undo: z.enum(['none', 'available', 'PENDING', 'DONE', 'UNKNOWN', 'FAILED']),
  claimedAt: z.string(),
  settledAt: z.string().nullable(),
});
export type EffectView = z.infer<typeof EffectView>;

/** What a job has changed outside, counted. `undoable`: done, and not taken back yet. */
export const EffectCounts = z.object({
  done: z.number().int(),
  unknown: z.number().int(),
  undoable: z.number().int(),
});
export type EffectCounts = z.infer<typeof EffectCounts>;
