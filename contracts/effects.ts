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

/**
 * What somebody has done since with what a change has made or changed, and taking the change back would lose. `unseen`: it
 * cannot be told whether there are comments. `field`: it holds another value than the change has set.
 */
export const UndoLoss = z.object({
  what: z.enum([
    'comments',
    'replies',
    'reactions',
    'children',
    'attachments',
    'worklogs',
    'links',
    'content',
    'edited',
    'field',
    'unseen',
  ]),
  count: z.number().int().optional(),
  /** Who has done it, as the provider names them. */
  people: z.array(z.string()).optional(),
  field: z.string().optional(),
  value: z.string().optional(),
  /** When it was done last. */
  at: z.string().optional(),
});
export type UndoLoss = z.infer<typeof UndoLoss>;

/** Questions about an undo that one message shows whole; more are answered where each is shown. */
export const MAX_SHOWN_UNDO_QUESTIONS = 5;

/** `ASK`: a person has to say whether it is taken back although others have done something with it since. */
export type UndoState = EffectState | 'ASK';

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
  undo: z.enum(['none', 'available', 'PENDING', 'DONE', 'UNKNOWN', 'FAILED', 'ASK']),
  /** With `ASK`: what would be lost, and the hash that an answer has to name. */
  undoQuestion: z.object({ losses: z.array(UndoLoss), hash: z.string() }).nullable(),
  claimedAt: z.string(),
  settledAt: z.string().nullable(),
});
export type EffectView = z.infer<typeof EffectView>;

/** Of an undo, others see how much it would lose, so that whoever may decide can, and neither who did it nor their words. */
export const withheldEffect = ({ undoQuestion: asked, ...effect }: EffectView): EffectView => {
  const losses = (asked?.losses ?? []).map(({ what, count }) => ({
    what: what === 'field' ? ('edited' as const) : what,
    count,
  }));
  return { ...effect, arguments: {}, resource: null, detail: null, undoQuestion: asked && { ...asked, losses } };
};

/** What a job has changed outside, counted. `undoable`: done, and not taken back yet. */
export const EffectCounts = z.object({
  done: z.number().int(),
  unknown: z.number().int(),
  undoable: z.number().int(),
});
export type EffectCounts = z.infer<typeof EffectCounts>;
