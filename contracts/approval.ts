import { z } from 'zod';
import { AgentId, Category } from './agents.ts';
import { HealingAction, PlanEdits, PricedStep, StepRisk } from './plan.ts';
import { AskedCall } from './tools.ts';

/**
 * Why a human is asked. `tool`: before calls that change something. `effect`: about a change whose outcome is unknown.
 * `reconnect`: for new access to a provider whose grant has ended.
 */
export const APPROVAL_KINDS = [
  'cost',
  'requested',
  'plan',
  'replan',
  'step',
  'budget',
  'healing',
  'loop',
  'tool',
  'effect',
  'reconnect',
] as const;
export const ApprovalKind = z.enum(APPROVAL_KINDS);
export type ApprovalKind = z.infer<typeof ApprovalKind>;

/**
 * What else can be answered than approve and cancel: `raise` a budget, `retry` or `skip` what is stuck, `stop` with
 * what is there; `done`: a change whose outcome was unknown has happened.
 */
export const CHOICES = ['raise', 'done', 'retry', 'skip', 'stop'] as const;
export const Choice = z.enum(CHOICES);
export type Choice = z.infer<typeof Choice>;

const Role = z.enum(['admin', 'user']);
const Delegate = z.strictObject({ userId: z.uuid(), delegateId: z.uuid(), until: z.iso.datetime().optional() });
const MAX_DURATION_MS = 30 * 86_400_000;

/** How many different people could approve; a role may be any number of people. */
function maxAnswerers(policy: {
  readonly roles: readonly string[];
  readonly users: readonly string[];
  readonly asker: boolean;
  readonly notAsker: boolean;
  readonly escalation: { readonly roles: readonly string[]; readonly users: readonly string[] } | null;
  readonly delegates: readonly { readonly delegateId: string }[];
}): number {
  const { roles, users, asker, notAsker, escalation, delegates } = policy;
  if (roles.length > 0 || (escalation?.roles.length ?? 0) > 0) return Infinity;
  const named = [...users, ...(escalation?.users ?? []), ...delegates.map(({ delegateId }) => delegateId)];
  return new Set(named).size + (asker && !notAsker ? 1 : 0);
}

/**
 * An organization's rules: when a human is asked, who may answer, and what happens when nobody does. Guests and bots
 * never count, whatever it says.
 */
export const ApprovalPolicy = z
  .strictObject({
    /** Ask when the estimate is above this; null: the operator's `APPROVAL_THRESHOLD_CENTS`. */
    costAboveCents: z.number().min(0).max(100_000_000).nullable().default(null),
    /** Ask before a planner's plan runs: always, when it has a step of an asked risk or costs too much, or never. */
    plans: z.enum(['always', 'risky', 'never']).default('always'),
    /** Ask for every request of these categories. */
    categories: z.array(Category).default([]),
    /** Ask before steps of these risks. */
    risks: z.array(StepRisk).default(['write', 'production']),
    /** Ask before a change whose arguments may come from untrusted text, such as a tool's output. */
    untrusted: z.boolean().default(true),
    /** Who may answer: these roles, these people, the person who asked. */
    roles: z.array(Role).default(['admin']),
    users: z.array(z.uuid()).max(100).default([]),
    asker: z.boolean().default(true),
    /** Four eyes: the person who asked may not answer, whatever else they are. */
    notAsker: z.boolean().default(false),
    /** Different people who have to approve; one CANCEL is enough to stop. */
    quorum: z.number().int().min(1).max(10).default(1),
    /** Nobody answers for so long: it expires. Null: the operator's `WORKFLOW_APPROVAL_TIMEOUT`. */
    deadlineMs: z.number().int().min(1_000).max(MAX_DURATION_MS).nullable().default(null),
    /** Reminders, ms after the question. */
    remindersMs: z.array(z.number().int().min(1_000).max(MAX_DURATION_MS)).max(5).default([]),
    /** After this long these people may answer too, and are told. */
    escalation: z
      .strictObject({
        afterMs: z.number().int().min(1_000).max(MAX_DURATION_MS),
        roles: z.array(Role).default(['admin']),
        users: z.array(z.uuid()).max(100).default([]),
      })
      .nullable()
      .default(null),
    /** People who answer for others, until a day if one is given. */
    delegates: z.array(Delegate).max(100).default([]),
  })
  .refine(({ roles, users, asker, notAsker }) => roles.length > 0 || users.length > 0 || (asker && !notAsker), {
    message: 'Nobody could answer: name roles, users or the asker.',
    path: ['roles'],
  })
  .refine((policy) => policy.quorum <= maxAnswerers(policy), {
    message: 'Fewer people than this could ever approve: name roles or more users.',
    path: ['quorum'],
  });
export type ApprovalPolicy = z.infer<typeof ApprovalPolicy>;

/** `GET /api/admin/approval-policy`. */
export const ApprovalPolicyView = z.object({
  policy: ApprovalPolicy,
  /** Counts up with every change; 0 is the default. */
  version: z.number().int(),
  updatedAt: z.string().nullable(),
});
export type ApprovalPolicyView = z.infer<typeof ApprovalPolicyView>;

/** Who may answer one question, as it was when it was asked. Times are absolute, so that nobody has to know when that was. */
export const AnswerPolicy = z.object({
  roles: z.array(z.string()),
  asker: z.boolean(),
  thresholdCents: z.number(),
  users: z.array(z.string()).optional(),
  notAsker: z.boolean().optional(),
  quorum: z.number().int().optional(),
  reminders: z.array(z.string()).optional(),
  escalation: z.object({ at: z.string(), roles: z.array(z.string()), users: z.array(z.string()) }).optional(),
  delegates: z.array(z.object({ userId: z.string(), delegateId: z.string(), until: z.string().optional() })).optional(),
  /** Choices that only an admin may take. */
  adminChoices: z.array(Choice).optional(),
  version: z.number().int().optional(),
});
export type AnswerPolicy = z.infer<typeof AnswerPolicy>;

/** What a person is asked; the hash is over everything that was shown. */
export const Approval = z.object({
  id: z.string(),
  hash: z.string(),
  kind: ApprovalKind,
  expiresAt: z.string(),
  policy: AnswerPolicy,
  plan: z.object({
    agents: z.array(z.object({ agent: AgentId, relevance: z.number() })),
    mode: z.enum(['parallel', 'sequential', 'fallback']),
    estimatedCents: z.number(),
    worstCaseCents: z.number(),
    question: z.string(),
    /** Of a planner's plan. */
    goal: z.string().optional(),
    revision: z.number().int().optional(),
    minutes: z.number().optional(),
    steps: z.array(PricedStep).optional(),
    /** Of any other question: the step it is about, what happened and why this is asked. */
    stepId: z.string().optional(),
    evidence: z.array(z.string()).optional(),
    /** Of a refused budget: what the limit would have to rise by. */
    raise: z
      .object({
        scope: z.enum(['organization', 'user']),
        period: z.string(),
        byCents: z.number(),
        limitCents: z.number(),
        /** When the budget is whole again by itself: the end of its window, an ISO moment. */
        resetsAt: z.string().optional(),
      })
      .optional(),
    /** Of calls that wait: exactly what would be called with what. */
    calls: z.array(AskedCall).optional(),
    /** Of a grant that is over: whose, and where to renew it. */
    reconnect: z.object({ connectionId: z.string(), connection: z.string(), url: z.string().optional() }).optional(),
    /** Of a proposed healing. */
    action: HealingAction.optional(),
  }),
  /** Reminders so far. */
  reminded: z.number().int().optional(),
  /** What can be answered besides approve and cancel. */
  choices: z.array(Choice).optional(),
  /** Approvals so far, where more than one is needed. */
  approvals: z.array(z.object({ by: z.string(), at: z.string(), via: z.string() })).optional(),
  decision: z
    .object({
      /** Which of the answers given it is. */
      id: z.string().optional(),
      verdict: z.enum(['approve', 'cancel', 'expired', 'withdrawn']),
      choice: Choice.optional(),
      by: z.string().nullable(),
      at: z.string(),
      via: z.string(),
    })
    .optional(),
});
export type Approval = z.infer<typeof Approval>;

const HASH_MISSING = 'is missing: send the approval.hash of the job as you have read it (GET /api/jobs/:jobId/status)';

/** The body of `POST /api/jobs/:jobId/approve`: the hash says what was seen. */
export const DecisionRequest = z.strictObject({
  approvalId: z.string().min(1).max(100).optional(),
  hash: z.string({ error: HASH_MISSING }).min(1).max(200),
  reason: z.string().max(1000).optional(),
  /** Changes to the plan, approved as changed; a new question is asked where the policy wants one. */
  edits: PlanEdits.optional(),
  choice: Choice.optional(),
});
export type DecisionRequest = z.infer<typeof DecisionRequest>;

/** The body of `POST /api/jobs/:jobId/cancel`: whoever stops the work need not have seen what it asks. */
export const CancelRequest = DecisionRequest.partial({ hash: true });
export type CancelRequest = z.infer<typeof CancelRequest>;
