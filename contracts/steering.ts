import { z } from 'zod';
import { isStorableText, NOT_TEXT } from './json.ts';

/**
 * `steer` joins the work at the next step boundary, `stop` lets running steps finish and reports what is there,
 * `replan` keeps finished steps and plans the rest anew under what the message says.
 */
const STEERING_MODES = ['steer', 'stop', 'replan'] as const;
export const SteeringMode = z.enum(STEERING_MODES);
export type SteeringMode = z.infer<typeof SteeringMode>;

export const STEERING_LIMITS = { messageChars: 4_000 } as const;

/** The body of `POST /api/jobs/:jobId/steer`; only a stop may come without words, which is looked at once the job is found. */
export const SteerRequest = z.strictObject({
  message: z.string().trim().max(STEERING_LIMITS.messageChars).refine(isStorableText, NOT_TEXT).default(''),
  mode: SteeringMode.default('steer'),
});
export type SteerRequest = z.infer<typeof SteerRequest>;

/** A message to running work. `pending` until a step, a stop or a plan has taken it up; `dropped` when the work ended before. */
export const SteeringView = z.object({
  id: z.string(),
  message: z.string(),
  mode: SteeringMode,
  status: z.enum(['pending', 'delivered', 'dropped']),
  by: z.string().nullable(),
  via: z.string(),
  at: z.string(),
  deliveredAt: z.string().nullable(),
  /** The step that took it up. */
  stepId: z.string().nullable(),
});
export type SteeringView = z.infer<typeof SteeringView>;

/** What a stop or a cancel cost and left: told with the end. */
export const StopReceipt = z.object({
  mode: z.enum(['cancel', 'stop']),
  at: z.string(),
  /** Model calls that were under way when it came. */
  callsInFlight: z.number().int(),
  spentAfterStopCents: z.number(),
  stepsDone: z.number().int(),
  stepsTotal: z.number().int(),
});
export type StopReceipt = z.infer<typeof StopReceipt>;
