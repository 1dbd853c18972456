import { z } from 'zod';
import { AgentId, Category } from './agents.ts';

/** Bounds of a plan; whatever is larger goes back to the planner. */
export const PLAN_LIMITS = {
  steps: 40,
  /** Steps that wait for each other in one chain. */
  depth: 32,
  titleChars: 120,
  /** What a step is told; shorter than `minInstructionChars` is a placeholder, not work. */
  instructionChars: 4_000,
  minInstructionChars: 8,
  conditionChars: 500,
  goalChars: 500,
} as const;

/** Also a name in conditions, so it is written like one. */
const StepId = z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, 'lower case letters, digits and _ only, at most 40');

/**
 * `agent`: a specialist works. `task`: whoever fits the category works. `tool`: one call of a connected tool.
 * `approval`: a human is asked before what needs it goes on.
 */
export const STEP_KINDS = ['agent', 'task', 'tool', 'approval'] as const;
export const StepKind = z.enum(STEP_KINDS);
export type StepKind = z.infer<typeof StepKind>;

/** What a step can do to the outside world: nothing, a change that can be undone, a change to what is in production. */
export const STEP_RISKS = ['read', 'write', 'production'] as const;
export const StepRisk = z.enum(STEP_RISKS);
export type StepRisk = z.infer<typeof StepRisk>;

/**
 * One step. Steps whose `needs` are settled run at once: no needs in common is parallel, a chain is sequential. `when`
 * is a CEL expression over `steps.<id>` (`status`, `text`, `confidence`, `data`) of what the step needs; false leaves
 * the step out.
 */
export const PlanStep = z.object({
  id: StepId,
  kind: StepKind,
  title: z.string().min(1).max(PLAN_LIMITS.titleChars),
  instruction: z.string().max(PLAN_LIMITS.instructionChars),
  agent: AgentId.nullable(),
  category: Category.nullable(),
  tool: z.string().max(100).nullable(),
  needs: z.array(StepId),
  when: z.string().max(PLAN_LIMITS.conditionChars).nullable(),
  risk: StepRisk,
});
export type PlanStep = z.infer<typeof PlanStep>;

/** What a planner or an editor hands in, before it is validated and priced. */
export const PlanDraft = z.object({
  goal: z.string().min(1).max(PLAN_LIMITS.goalChars),
  steps: z.array(PlanStep).min(1),
});
export type PlanDraft = z.infer<typeof PlanDraft>;

/** Expected time and tokens of a step, its usual and its worst price in cents, and what that is based on. */
export const StepEstimate = z.object({
  minutes: z.number(),
  inputTokens: z.number(),
  outputTokens: z.number(),
  cents: z.number(),
  worstCents: z.number(),
  basis: z.enum(['prices', 'past_runs']),
  /** Past runs of the same agent that the estimate rests on. */
  runs: z.number().int(),
});
export type StepEstimate = z.infer<typeof StepEstimate>;

/** `phase` counts from 1: the longest chain of needs before the step. */
export const PricedStep = PlanStep.extend({ phase: z.number().int(), estimate: StepEstimate });
export type PricedStep = z.infer<typeof PricedStep>;

/** A validated plan with its price. `revision` counts up with every change; the hash covers all that is shown. */
export const Plan = z.object({
  revision: z.number().int(),
  source: z.enum(['planner', 'edited', 'replanned']),
  goal: z.string(),
  steps: z.array(PricedStep),
  phases: z.number().int(),
  /** Along the longest chain. */
  minutes: z.number(),
  cents: z.number(),
  worstCents: z.number(),
});
export type Plan = z.infer<typeof Plan>;

/** A mistake in a plan: which step and field, and a sentence that its author can act on. */
export const PlanProblem = z.object({ step: z.string().nullable(), field: z.string().nullable(), message: z.string() });
export type PlanProblem = z.infer<typeof PlanProblem>;

/** Why a request got a plan or none. */
export const PlanDecision = z.object({
  used: z.boolean(),
  reason: z.string(),
  /** Signals found in the request, for the explanation: `clauses:4`, `intent:deploy`, `asked`. */
  signals: z.array(z.string()),
});
export type PlanDecision = z.infer<typeof PlanDecision>;

/** What a person changes before approving: by step id, only the named fields; `remove` takes a step out. */
export const PlanEdits = z.strictObject({
  goal: z.string().min(1).max(PLAN_LIMITS.goalChars).optional(),
  steps: z
    .array(
      z.strictObject({
        id: StepId,
        remove: z.literal(true).optional(),
        title: z.string().min(1).max(PLAN_LIMITS.titleChars).optional(),
        instruction: z.string().max(PLAN_LIMITS.instructionChars).optional(),
        agent: AgentId.optional(),
        category: Category.optional(),
        needs: z.array(StepId).max(PLAN_LIMITS.steps).optional(),
        when: z.string().max(PLAN_LIMITS.conditionChars).nullable().optional(),
        risk: StepRisk.optional(),
      }),
    )
    .max(PLAN_LIMITS.steps)
    .optional(),
});
export type PlanEdits = z.infer<typeof PlanEdits>;

/** `waiting`: for a human. `skipped`: its condition said no, a human did, or what it needs failed; `reason` says which. */
const STEP_STATUSES = ['pending', 'running', 'waiting', 'done', 'failed', 'skipped'] as const;
export const StepStatus = z.enum(STEP_STATUSES);
export type StepStatus = z.infer<typeof StepStatus>;

/** One try to heal a failed step, as people are shown it. */
export const HEALING_ACTIONS = ['retry', 'another_agent', 'skip', 'ask', 'stop'] as const;
export const HealingAction = z.enum(HEALING_ACTIONS);
export type HealingAction = z.infer<typeof HealingAction>;
export const HealingView = z.object({
  stepId: z.string(),
  attempt: z.number().int(),
  rootCause: z.string(),
  action: HealingAction,
  detail: z.string().nullable(),
  decidedBy: z.enum(['rule', 'model']),
  status: z.enum(['running', 'succeeded', 'failed']),
  costCents: z.number(),
  at: z.string(),
});
export type HealingView = z.infer<typeof HealingView>;

/** A step of a running plan in a job's status. */
export const StepView = PlanStep.extend({
  phase: z.number().int(),
  estimate: StepEstimate.nullable(),
  status: StepStatus,
  model: z.string().nullable(),
  confidence: z.number().nullable(),
  reason: z.string().nullable(),
  costCents: z.number(),
  startedAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
});
export type StepView = z.infer<typeof StepView>;

/** A plan with how far it has come, in a job's status. */
export const PlanView = Plan.omit({ steps: true }).extend({ hash: z.string(), steps: z.array(StepView) });
export type PlanView = z.infer<typeof PlanView>;
