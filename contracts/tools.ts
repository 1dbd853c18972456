import { z } from 'zod';
import { StepRisk } from './plan.ts';

/** A tool's name as models and people see it: `{slug}__{tool}`. */
export const ToolName = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'letters, digits, _ and - only, at most 64');
export type ToolName = z.infer<typeof ToolName>;

const JsonObject = z.record(z.string(), z.unknown());

/** What a server says its tool does; only a trusted one is believed where it says less than the worst. */
export const ToolAnnotations = z.object({
  title: z.string().optional(),
  readOnlyHint: z.boolean().optional(),
  destructiveHint: z.boolean().optional(),
  idempotentHint: z.boolean().optional(),
  openWorldHint: z.boolean().optional(),
});
export type ToolAnnotations = z.infer<typeof ToolAnnotations>;

/** A tool as its server defines it; the pin is the hash of exactly this. */
export const ToolDefinition = z.object({
  name: z.string(),
  title: z.string().optional(),
  description: z.string(),
  inputSchema: JsonObject,
  outputSchema: JsonObject.optional(),
  annotations: ToolAnnotations,
});
export type ToolDefinition = z.infer<typeof ToolDefinition>;

/** A tool that a server lists and nobody can call, and why; its name as far as it has one. */
export const UnusableTool = z.object({ tool: z.string(), reason: z.string() });
export type UnusableTool = z.infer<typeof UnusableTool>;

/** `quarantined`: new or changed since it was accepted, and off until an admin accepts it. `removed`: no longer there. */
const TOOL_STATES = ['active', 'quarantined', 'removed'] as const;
export const ToolState = z.enum(TOOL_STATES);
export type ToolState = z.infer<typeof ToolState>;

/** One difference between what was accepted and what the server says now. */
export const ToolDiff = z.object({
  field: z.enum(['tool', 'title', 'description', 'inputSchema', 'outputSchema', 'annotations']),
  before: z.string().nullable(),
  after: z.string().nullable(),
});
export type ToolDiff = z.infer<typeof ToolDiff>;

/** `GET /api/connections/:id/tools`. `hash` is what an admin accepts: the definition as it is now. */
export const ToolView = z.object({
  name: ToolName,
  remoteName: z.string(),
  connectionId: z.string(),
  connection: z.string(),
  title: z.string().nullable(),
  description: z.string(),
  inputSchema: JsonObject,
  outputSchema: JsonObject.nullable(),
  annotations: ToolAnnotations,
  risk: StepRisk,
  state: ToolState,
  hash: z.string(),
  diff: z.array(ToolDiff),
  /** By an admin's decision nobody is asked about it, until it changes. */
  alwaysAllowed: z.boolean(),
  /** What an admin says it may do at worst, until it changes; null: its server's word counts, as far as it is trusted. */
  declaredRisk: StepRisk.nullable(),
});
export type ToolView = z.infer<typeof ToolView>;

const HASH_MISSING = 'is missing: send the hash of the tool as you have seen it (GET /api/connections/:id/tools)';
const shownHash = z.string({ error: HASH_MISSING }).min(1).max(100);

/** The body of `POST /api/connections/:id/accept`: the hashes bind it to what was shown. */
export const AcceptTools = z.strictObject({
  tools: z
    .array(z.strictObject({ name: ToolName, hash: shownHash }), {
      error: 'name each tool with the hash that was shown',
    })
    .min(1)
    .max(1_000),
});
export type AcceptTools = z.infer<typeof AcceptTools>;

/**
 * The body of `PATCH /api/connections/:id/tools/:name`: what an admin decides about a tool as it was shown.
 * `alwaysAllow`: nobody is asked about its calls. `risk`: the worst it may do; null leaves that to its server's word.
 */
export const ToolDecision = z
  .strictObject({ hash: shownHash, alwaysAllow: z.boolean().optional(), risk: StepRisk.nullable().optional() })
  .refine(
    (given) => (given.alwaysAllow ?? given.risk) !== undefined,
    'Say what you decide: alwaysAllow, risk or both.',
  );
export type ToolDecision = z.infer<typeof ToolDecision>;

/**
 * `waiting`: for a human. `declined`: a human said no. `unknown`: it may have happened, and nobody knows.
 */
const TOOL_CALL_STATUSES = [
  'pending',
  'waiting',
  'running',
  'done',
  'failed',
  'unknown',
  'declined',
  'cancelled',
] as const;
export const ToolCallStatus = z.enum(TOOL_CALL_STATUSES);
export type ToolCallStatus = z.infer<typeof ToolCallStatus>;

/** Why a human is asked. `repeated`: an earlier try may have made this change. `carries_out`: a read tells of others' answers. */
export const AskReason = z.enum(['risk', 'untrusted_input', 'repeated', 'carries_out']);
export type AskReason = z.infer<typeof AskReason>;

/** A call as it is shown to whoever may approve it. */
export const AskedCall = z.object({
  id: z.string(),
  tool: z.string(),
  /** The connection's name: where it would happen. */
  connection: z.string(),
  risk: StepRisk,
  arguments: JsonObject,
  reasons: z.array(AskReason),
});
export type AskedCall = z.infer<typeof AskedCall>;

/** A picture of an answer, in a form that Claude takes; `data` is base64. */
export const ToolImage = z.object({
  mediaType: z.enum(['image/png', 'image/jpeg', 'image/gif', 'image/webp']),
  data: z.string(),
});
export type ToolImage = z.infer<typeof ToolImage>;

/** What a tool answered: text for the model, and data where the tool has an output schema. */
export const ToolResult = z.object({
  text: z.string(),
  data: JsonObject.optional(),
  isError: z.boolean(),
  /** Kept beside the answer, and shown to models only. */
  images: z.array(ToolImage).optional(),
});
export type ToolResult = z.infer<typeof ToolResult>;

/** One call in a job's status and under `GET /api/jobs/:jobId/tool-calls`. */
export const ToolCallView = z.object({
  id: z.string(),
  stepId: z.string().nullable(),
  tool: z.string(),
  connection: z.string().nullable(),
  risk: StepRisk,
  status: ToolCallStatus,
  tainted: z.boolean(),
  arguments: JsonObject,
  result: ToolResult.nullable(),
  progress: z.string().nullable(),
  startedAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
});
export type ToolCallView = z.infer<typeof ToolCallView>;

/** A connection whose tools were not offered, and what a person can do about it. */
export const LeftOut = z.object({
  connectionId: z.string(),
  connection: z.string(),
  reason: z.enum(['reconnect', 'failing', 'quarantined', 'disabled', 'no_credentials']),
  /** Where to mend it. */
  url: z.string().optional(),
});
export type LeftOut = z.infer<typeof LeftOut>;

/** The provider's name and slug: its tools are `delegate__opencode`, `delegate__claude_code` and `delegate__cursor`. */
export const DELEGATE = 'delegate';

/** Stands for a connection in calls of coding agents, which have none. */
export const DELEGATE_CONNECTION = '00000000-0000-4000-8000-00000000de1e';

export const DELEGATION_TOOLS = ['opencode', 'claude_code', 'cursor'] as const;
export type DelegationTool = (typeof DELEGATION_TOOLS)[number];

/** `/api/admin/delegation`: whether an organization's work may be handed to coding agents. Off until an admin allows it. */
export const DelegationSetting = z.strictObject({ enabled: z.boolean() });
export type DelegationSetting = z.infer<typeof DelegationSetting>;

/** What every delegated task answers. `null`: not told. Cents may be fractions. */
export const DelegationOutput = z.object({
  status: z.enum(['success', 'failed']),
  output: z.string(),
  sessionId: z.string().nullable(),
  model: z.string().nullable(),
  durationMs: z.number(),
  costCents: z.number().nullable(),
  inputTokens: z.number().nullable(),
  outputTokens: z.number().nullable(),
});
export type DelegationOutput = z.infer<typeof DelegationOutput>;
