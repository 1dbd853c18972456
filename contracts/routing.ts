import { z } from 'zod';
import { AgentId, Category, Language } from './agents.ts';
import { LIMITS } from './limits.ts';
import { AgentChoice, Route, RunMode, Unclear } from './orchestration.ts';
import { isStorableText, NOT_TEXT } from './json.ts';

export const DecidedBy = Route.shape.decidedBy;
export type DecidedBy = z.infer<typeof DecidedBy>;

/** One routing decision with all it was made from. */
export const RoutingDecision = z.object({
  jobId: z.string(),
  /** Its beginning. */
  message: z.string(),
  language: Language,
  agents: z.array(AgentChoice),
  mode: RunMode,
  category: Category,
  decidedBy: DecidedBy,
  confidence: z.number(),
  /** Of every agent: by the local router and by the model; null where it was not asked. */
  scores: z.object({
    local: z.record(AgentId, z.number()).nullable(),
    model: z.record(AgentId, z.number()).nullable(),
  }),
  alternatives: z.array(AgentChoice),
  reason: z.string(),
  /** For what of it the model was asked, or would have been, had it not decided about the same words before. */
  unclear: Unclear.optional(),
  /** Whom an admin gave the request to instead. */
  overridden: z.object({ overrideId: z.string(), agents: z.array(AgentId) }).optional(),
  createdAt: z.string(),
});
export type RoutingDecision = z.infer<typeof RoutingDecision>;

/** The body of `POST /api/admin/routing/overrides`. */
export const OverrideRequest = z
  .strictObject({
    /** The job that went to the wrong agents… */
    jobId: z.string().min(1).max(100).optional(),
    /** …or a request in words. */
    text: z
      .string()
      .max(LIMITS.messageChars, `A text may have at most ${LIMITS.messageChars} characters.`)
      .refine((text) => text.trim().length > 0, 'The text is empty.')
      .refine(isStorableText, NOT_TEXT)
      .optional(),
    language: Language.optional(),
    agents: z
      .array(AgentId)
      .min(1)
      .max(LIMITS.agentsPerRequest)
      .transform((agents) => [...new Set(agents)]),
  })
  .refine(({ jobId, text }) => (jobId === undefined) !== (text === undefined), {
    message: 'Name either the job whose decision was wrong or a text, and not both.',
    path: ['jobId'],
  })
  .refine(({ jobId, language }) => jobId === undefined || language === undefined, {
    message: 'A job has its language already.',
    path: ['language'],
  });
export type OverrideRequest = z.infer<typeof OverrideRequest>;

export const RoutingOverride = z.object({
  id: z.string(),
  text: z.string(),
  language: Language,
  agents: z.array(AgentId),
  jobId: z.string().nullable(),
  userId: z.string().nullable(),
  createdAt: z.string(),
});
export type RoutingOverride = z.infer<typeof RoutingOverride>;

/** How good the decisions in one language were, by the admins' overrides. */
export const RoutingAccuracy = z.object({
  language: Language,
  decisions: z.number().int(),
  overridden: z.number().int(),
  /** The share that was not overridden; null without decisions. */
  accuracy: z.number().nullable(),
  decidedBy: z.array(
    z.object({
      decidedBy: DecidedBy,
      decisions: z.number().int(),
      overridden: z.number().int(),
      accuracy: z.number(),
    }),
  ),
  /** Each override tried on a router that was taught the others only. */
  leaveOneOut: z.object({
    overrides: z.number().int(),
    right: z.number().int(),
    /** Left to the model. */
    abstained: z.number().int(),
    /** The share that was right; null without overrides. */
    accuracy: z.number().nullable(),
  }),
});
export type RoutingAccuracy = z.infer<typeof RoutingAccuracy>;
