import { z } from 'zod';
import { JobStatusName } from './orchestration.ts';

const EVENT_TYPES = [
  'connected',
  'orchestration_progress',
  'orchestration_completed',
  'orchestration_failed',
  'approval_requested',
  'approval_decided',
  'budget_alert',
  // Live lines of a delegated task; `data` is {tool, callId, lines}.
  'delegation_log',
] as const;
export const EventType = z.enum(EVENT_TYPES);
export type EventType = z.infer<typeof EventType>;

/** One durable, numbered fact of an organization. `id` counts up by one per organization in commit order. */
export const OrganizationEvent = z.object({
  id: z.number().int(),
  type: EventType,
  at: z.iso.datetime(),
  jobId: z.string().nullable(),
  sessionId: z.string().nullable(),
  status: JobStatusName.optional(),
  progress: z.number().optional(),
  step: z.string().optional(),
  data: z.record(z.string(), z.unknown()).optional(),
});
export type OrganizationEvent = z.infer<typeof OrganizationEvent>;

/** The Postgres channel that wakes readers; its payload is an organization id. */
export const EVENTS_CHANNEL = 'nubabel_events';

/** The Postgres channel that tells workers whose work is to stop; its payload is a workflow id. */
export const STOPS_CHANNEL = 'nubabel_stops';
