import { z } from 'zod';
import { agentAmong, AgentId, Category, Language } from './agents.ts';
import { Approval } from './approval.ts';
import { EffectCounts } from './effects.ts';
import { LIMITS } from './limits.ts';
import { HealingView, PlanDecision, PlanView } from './plan.ts';
import { SteeringView, StopReceipt } from './steering.ts';
import { isStorableText, NOT_TEXT } from './json.ts';
import { LeftOut, ToolCallView } from './tools.ts';

export const FINAL_STATUSES = ['completed', 'partial', 'failed', 'cancelled', 'expired'] as const;
export type FinalStatus = (typeof FINAL_STATUSES)[number];

export const OPEN_STATUSES = ['pending', 'running', 'awaiting_approval'] as const;

export const JOB_STATUSES = [...OPEN_STATUSES, ...FINAL_STATUSES] as const;
export const JobStatusName = z.enum(JOB_STATUSES);
export type JobStatusName = z.infer<typeof JobStatusName>;

export const isFinal = (status: JobStatusName): status is FinalStatus =>
  (FINAL_STATUSES as readonly string[]).includes(status);

/** How several agents work on one request: at once, each after the other's result, or the next only if one fails. */
export const RunMode = z.enum(['parallel', 'sequential', 'fallback']);
export type RunMode = z.infer<typeof RunMode>;

/** The body of `POST /api/orchestrator/orchestrate`. */
export const OrchestrateRequest = z.strictObject({
  message: z
    .string()
    .max(LIMITS.messageChars, `A message may have at most ${LIMITS.messageChars} characters.`)
    .refine((text) => text.trim().length > 0, 'The message is empty.')
    .refine(isStorableText, NOT_TEXT),
  sessionId: z.string().min(1).max(100).optional(),
  category: Category.optional(),
  agents: z.array(AgentId).min(1).max(LIMITS.agentsPerRequest).optional(),
  mode: RunMode.optional(),
  requireApproval: z.boolean().optional(),
  /** Whether a plan is made first; `auto` decides by the request. */
  plan: z.enum(['auto', 'always', 'never']).optional(),
  /** Shows what would happen and what it would cost, and does nothing. */
  dryRun: z.boolean().optional(),
  idempotencyKey: z.string().min(1).max(200).refine(isStorableText, NOT_TEXT).optional(),
});
export type OrchestrateRequest = z.infer<typeof OrchestrateRequest>;

/** As `OrchestrateRequest`, where it is known which agents there are. */
export const orchestrateRequestFor = (agents: Iterable<AgentId>) =>
  OrchestrateRequest.extend({
    agents: z.array(agentAmong(agents)).min(1).max(LIMITS.agentsPerRequest).optional(),
  });

export const Accepted = z.object({ jobId: z.string(), sessionId: z.string(), status: JobStatusName });
export type Accepted = z.infer<typeof Accepted>;

export const Intent = z.enum([
  'create_task',
  'update_task',
  'list_tasks',
  'search_task',
  'question',
  'analysis',
  'content',
  'code',
  'deploy',
  'other',
]);
export type Intent = z.infer<typeof Intent>;

/** An agent with how much of the request is its business, 0 to 1. */
export const AgentChoice = z.object({ agent: AgentId, relevance: z.number().min(0).max(1) });
export type AgentChoice = z.infer<typeof AgentChoice>;

/**
 * What a request means. `source` says which link of the chain answered: `local` are rules and trained readers that were
 * sure of all of it, so that no model was asked; `keywords` guess by its words, where the model is away or the request
 * names its agents.
 */
export const Analysis = z.object({
  intent: Intent,
  entities: z.record(z.string(), z.string()),
  category: Category,
  skills: z.array(z.string()),
  confidence: z.number().min(0).max(1),
  language: Language,
  agents: z.array(AgentChoice),
  mode: RunMode,
  source: z.enum(['local', 'model', 'keywords', 'request']),
  /** The model said it of an earlier request in the same words. */
  cached: z.boolean().optional(),
});
export type Analysis = z.infer<typeof Analysis>;

/** What local rules are not sure of in a request, so that the model is asked. */
export const Unclear = z.enum(['agents', 'language', 'day', 'order', 'intent', 'plan']);
export type Unclear = z.infer<typeof Unclear>;

const AgentScores = z.record(AgentId, z.number());

/** Who works on a request and why. */
export const Route = z.object({
  agents: z.array(AgentChoice).min(1),
  mode: RunMode,
  category: Category,
  decidedBy: z.enum(['request', 'override', 'local', 'cache', 'model', 'keywords', 'default']),
  confidence: z.number(),
  alternatives: z.array(AgentChoice),
  reason: z.string(),
  /** Of the request, as it was detected. */
  language: Language.optional(),
  /** What the local router and the model gave each agent; null where it was not asked. */
  scores: z.object({ local: AgentScores.nullable(), model: AgentScores.nullable() }).optional(),
});
export type Route = z.infer<typeof Route>;

const SupportingInsight = z.object({
  agent: AgentId,
  content: z.string(),
  confidence: z.number(),
  weight: z.number(),
  /** Of a plan: the step that said it. */
  step: z.string().optional(),
});

/** The aggregation of one orchestration: `weight = confidence × task_relevance`, weights of what answered sum to 1. */
export const AggregatedResult = z.object({
  primary_result: z.string(),
  supporting_insights: z.array(SupportingInsight),
  confidence_score: z.number(),
  aggregation_method: z.literal('weighted_merge'),
  agents_used: z.array(AgentId),
  execution_time_ms: z.number(),
  primary_agent: AgentId.nullable(),
  models_used: z.array(z.string()),
  missing_agents: z.array(z.object({ agent: AgentId, reason: z.string() })),
  /** How much of the work is in the answer, and how the weights of what is there were normalised to 1. */
  coverage: z
    .object({
      answered: z.number().int(),
      total: z.number().int(),
      missing: z.array(z.object({ step: z.string(), title: z.string(), reason: z.string() })),
      weights: z.array(z.object({ step: z.string(), weight: z.number() })),
    })
    .optional(),
});
export type AggregatedResult = z.infer<typeof AggregatedResult>;

export const JobError = z.object({
  code: z.string(),
  message: z.string(),
  /** Of a budget without room: when its window ends, an ISO moment. */
  resetsAt: z.string().optional(),
});
export type JobError = z.infer<typeof JobError>;

/** `GET /api/jobs/:jobId/status`. */
export const JobStatus = z.object({
  jobId: z.string(),
  sessionId: z.string(),
  status: JobStatusName,
  progress: z.number().min(0).max(100),
  step: z.string(),
  message: z.string(),
  category: Category.nullable(),
  agents: z.array(
    z.object({ agent: AgentId, status: z.string(), model: z.string().nullable(), costCents: z.number() }),
  ),
  result: AggregatedResult.optional(),
  approval: Approval.optional(),
  planDecision: PlanDecision.optional(),
  plan: PlanView.optional(),
  steering: z.array(SteeringView),
  healing: z.array(HealingView),
  receipt: StopReceipt.optional(),
  /** The newest 50 in the order they were made, without their results. */
  toolCalls: z.array(ToolCallView),
  /** Connections whose tools could not be offered. */
  leftOut: z.array(LeftOut),
  /** What the work has changed outside: for certain, perhaps, and how much of it can be taken back. */
  effects: EffectCounts,
  costCents: z.number(),
  durationMs: z.number(),
  dryRun: z.boolean(),
  error: JobError.optional(),
  demo: z.boolean(),
  createdAt: z.string(),
  finishedAt: z.string().nullable(),
});
export type JobStatus = z.infer<typeof JobStatus>;

export const SessionView = z.object({
  sessionId: z.string(),
  title: z.string(),
  source: z.string(),
  createdAt: z.string(),
  updatedAt: z.string(),
  messages: z.array(
    z.object({
      id: z.string(),
      role: z.enum(['user', 'assistant']),
      content: z.string(),
      jobId: z.string().nullable(),
      createdAt: z.string(),
    }),
  ),
  jobs: z.array(z.object({ jobId: z.string(), status: JobStatusName, message: z.string(), createdAt: z.string() })),
});
export type SessionView = z.infer<typeof SessionView>;
