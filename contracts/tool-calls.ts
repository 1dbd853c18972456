import { z } from 'zod';
import { Approval } from './approval.ts';
import { EffectView } from './effects.ts';
import { JobStatusName } from './orchestration.ts';
import { LeftOut, ToolCallView, ToolResult, ToolView } from './tools.ts';

/** The body of `POST /api/tools/:name/call`. */
export const ToolCallRequest = z.strictObject({
  arguments: z.record(z.string(), z.unknown()).default({}),
  /** Up to so long the answer is waited for; after that it is 202 with the job. */
  waitMs: z.number().int().min(0).max(60_000).default(20_000),
  idempotencyKey: z.string().min(1).max(200).optional(),
});
export type ToolCallRequest = z.infer<typeof ToolCallRequest>;

/** `GET /api/tools`: what the caller could call now, and which connections have nothing to offer, and why. */
export const ToolOffer = z.object({
  tools: z.array(ToolView.omit({ state: true, hash: true, diff: true, alwaysAllowed: true, declaredRisk: true })),
  leftOut: z.array(LeftOut),
});
export type ToolOffer = z.infer<typeof ToolOffer>;

/**
 * `POST /api/tools/:name/call`. With `result` the call is over, well or not; without it, it waits for a human
 * (`approval` says for what) or runs on, and the job tells the rest.
 */
export const ToolCallAnswer = z.object({
  jobId: z.string(),
  status: JobStatusName,
  result: ToolResult.optional(),
  /** What the ledger says of a call that was to change something. */
  effect: EffectView.optional(),
  approval: Approval.optional(),
});
export type ToolCallAnswer = z.infer<typeof ToolCallAnswer>;

/** `GET /api/jobs/:jobId/effects`, in the order of the claims. */
export const EffectList = z.object({ effects: z.array(EffectView) });
export type EffectList = z.infer<typeof EffectList>;

/** `GET /api/jobs/:jobId/tool-calls`, in the order they were made. */
export const ToolCallList = z.object({ calls: z.array(ToolCallView) });
export type ToolCallList = z.infer<typeof ToolCallList>;

/** The body of `POST /api/jobs/:jobId/undo`: hashes of the questions that are answered with yes, as the effects show them. */
export const UndoRequest = z.strictObject({ accept: z.array(z.string().max(100)).max(1_000).default([]) });

/** `POST /api/jobs/:jobId/undo`: how many changes are being taken back. */
export const UndoAnswer = z.object({ jobId: z.string(), undoing: z.number().int() });
export type UndoAnswer = z.infer<typeof UndoAnswer>;
