import type { AgentId, Category, Tier } from './agents.ts';
import type { AnswerPolicy, ApprovalKind, Choice } from './approval.ts';
import type { AgentChoice, FinalStatus, RunMode } from './orchestration.ts';
import type { HealingAction, PlanProblem, StepKind } from './plan.ts';
import type { SteeringMode } from './steering.ts';
import type { ErrorCode } from './texts.ts';

/** Why a request is answered without work: the person is told, nothing runs and nothing is spent. */
export type Refusal = 'unknown_user' | 'outsider' | 'lookup_failed' | 'guest' | 'empty_message' | 'message_too_long';

/** Which orchestration, of which organization: what nearly every activity is told. */
export interface OrchestrationTarget {
  readonly organizationId: string;
  readonly orchestrationId: string;
}

/** What starts an orchestration: ids and switches only, the content stays in Postgres. */
export interface OrchestrationInput extends OrchestrationTarget {
  /** Report to a Slack message. */
  readonly slack: boolean;
  /** Ask the model what the request means; off when the request names its agents. */
  readonly analyze: boolean;
  readonly refusal?: Refusal;
  /** Read what was said in the thread before it; the mention came in the middle of people's talk. */
  readonly readsThread?: boolean;
  /** One call of one tool, named with its arguments in the request's options; nothing is routed or planned. */
  readonly tool?: boolean;
  /** What the run before has left, when the workflow has continued as new. */
  readonly carried?: CarriedState;
}

/** What one run of an orchestration hands to the next: ids, codes and numbers, taken where no step runs. */
export interface CarriedState {
  readonly routed: RoutedWork;
  readonly steps: readonly StepOutline[];
  readonly results: readonly (readonly [step: string, result: StepResult])[];
  readonly progress: Readonly<JobProgress>;
  readonly steering: CarriedSteering;
  /** Decisions that came before their question. */
  readonly earlyDecisions: readonly Decision[];
  /** What still waits for its approval; without it the steps are being run. */
  readonly proposal?: CarriedProposal;
}

/** What a job has come to, besides its steps. */
export interface JobProgress {
  /** The last revision that a plan was drafted under; 0 without any. */
  planRevision: number;
  /** A planner's plan runs. */
  isPlanned: boolean;
  /** Tools have been called: not all of the work is still to be done. */
  hasCalledTools: boolean;
  /** Questions asked so far, for their ids. */
  questionsAsked: number;
  /** New plans made after failures. */
  replans: number;
  /** Turns added for messages that came too late for any step. */
  followUps: number;
}

/** Ids of messages to running work: not taken up yet, by what they want, and all that have ever come. */
export interface CarriedSteering {
  readonly messages: readonly string[];
  readonly constraints: readonly string[];
  readonly seen: readonly string[];
}

/** Steps that are asked about before they run. */
export interface CarriedProposal {
  readonly steps: readonly StepOutline[];
  readonly open: OpenQuestion;
}

/** A question on its way into the next run: with what is left of its time, and what has been done about it. */
export interface OpenQuestion {
  readonly question: Question;
  readonly remindersSent: number;
  readonly approvedBy: readonly string[];
}

/** What starts the taking back of what an orchestration has changed outside. */
export interface UndoInput extends OrchestrationTarget {
  /** Who asked for it. */
  readonly userId: string;
}

export interface OrchestrationOutcome {
  readonly status: FinalStatus;
}

/** A question to humans, as the workflow knows it: what was shown stands in Postgres under its id. */
export interface Question {
  readonly id: string;
  readonly hash: string;
  readonly timeoutMs: number;
  readonly policy: AnswerPolicy;
  readonly choices?: readonly Choice[];
  /** What APPROVE alone says where there is a choice. */
  readonly approveMeans?: Choice;
  /** Nobody was asked: what the question was about has come right by itself. */
  readonly moot?: boolean;
}

/** A question that the workflow asks while the work runs. */
export interface QuestionInput extends OrchestrationTarget {
  readonly kind: ApprovalKind;
  readonly step?: string;
  /** Codes of what happened: error codes, or the pattern of a loop. */
  readonly evidence?: readonly string[];
  /** Of a refused budget: whose it is, and by how much it is too small. */
  readonly refused?: unknown;
  /** Of calls: those that the question is about. */
  readonly calls?: readonly string[];
  /** Of a reconnect: it may have been renewed since, which nobody need be asked about. */
  readonly unlessReconnected?: boolean;
  /** Counts the questions of the job. */
  readonly nth: number;
}

/**
 * One step as the workflow sees it. `after_success`: once all it needs is done or was not needed. `after_all`: once all
 * of it has ended, whichever way. `after_failure`: only when one of them failed, as a stand-in.
 */
export interface StepOutline {
  readonly id: string;
  readonly kind: StepKind;
  readonly agent: AgentId | null;
  readonly needs: readonly string[];
  readonly runs: 'after_success' | 'after_all' | 'after_failure';
  /** Has a condition that decides whether it is needed at all. */
  readonly conditional: boolean;
}

export interface PlanOutline {
  readonly revision: number;
  readonly steps: readonly StepOutline[];
}

/** What the route step tells the workflow. */
export interface RoutedWork {
  readonly agents: readonly AgentChoice[];
  readonly mode: RunMode;
  readonly category: Category;
  /** Longest time the agents may work, ms. */
  readonly maxExecutionMs: number;
  readonly approval?: Question;
  /** The planner is asked before anything runs. */
  readonly planning?: boolean;
  /** Say what would happen, and stop there. */
  readonly dryRun?: boolean;
  /**
   * When its category becomes searchable: with the next status, or at once in runs that were routed before there was this
   * choice. What was recorded decides, so that those replay.
   */
  readonly searchable?: 'with_status';
}

/** What became of a planner's draft: the plan that runs, with the question to ask first if there is one. */
export type PlannedWork =
  | { readonly verdict: 'rejected' }
  | { readonly verdict: 'adopted'; readonly plan: PlanOutline; readonly approval?: Question };

/** What became of edits: refused with nothing changed, approved as edited, or asked anew because the policy wants it. */
export type RevisedPlan =
  | { readonly verdict: 'rejected'; readonly problems: readonly PlanProblem[] }
  | { readonly verdict: 'approved'; readonly plan: PlanOutline }
  | { readonly verdict: 'asked'; readonly question: Question; readonly plan: PlanOutline };

/**
 * A person's answer to an approval, as it stands in the inbox under `id`. Whoever reaches Temporal can send one, so the
 * workflow believes what stands there and what our tables say of the person, and nothing of the message itself.
 */
export interface Decision {
  readonly id: string;
  readonly verdict: 'approve' | 'cancel';
  readonly userId: string;
  readonly via: 'slack' | 'rest' | 'console';
  readonly approvalId?: string;
  readonly hash?: string;
  readonly choice?: Choice;
  /** Edits that stand in Postgres, approved with the decision. */
  readonly editId?: string;
}

/** A person who wants to answer, as our tables know them now. Whoever stands for the asker is the asker too. */
export interface Answerer {
  readonly userId: string;
  readonly role: string;
  readonly isAsker: boolean;
}

/** Who an answer comes from, and who of those before still is somebody. */
export interface JudgedDecision {
  /** The message says what the inbox says. */
  readonly isAccepted: boolean;
  readonly people: readonly Answerer[];
}

/** What the API is told about a decision that counted. */
export interface DecisionOutcome {
  readonly verdict: Decision['verdict'];
  /** More people have to approve, or the edited plan is asked about anew. */
  readonly waiting?: boolean;
  /** The edits were refused, and nothing changed. */
  readonly problems?: readonly PlanProblem[];
}

/** A tool call as the workflow sees it: which one and how, never with what. */
export interface CallOutline {
  readonly id: string;
  readonly tool: string;
  /** Changes nothing, so it may run beside others. */
  readonly reads: boolean;
  /** A human is asked first. */
  readonly asks: boolean;
  /** Has its answer already: it needed nobody. */
  readonly settled: boolean;
  /** The task queue of its pool. */
  readonly queue: string;
  /** The same for equal calls. */
  readonly signature: string;
}

/**
 * What an agent's turn came to when its step goes on: it wants tools called; without calls its answer was cut off, and
 * another round goes on with it.
 */
export interface StepRound {
  readonly calls: readonly CallOutline[];
}

/**
 * What became of one call. `failed`: it has an answer that says so. `unknown`: it may have happened, and a human is
 * asked. `reconnect`: the connection's grant is over.
 */
export interface CallOutcome {
  readonly status: 'done' | 'failed' | 'unknown' | 'reconnect';
}

/** A change that can be taken back, by its key in the ledger, and the task queue of its tool's pool. */
export interface UndoableEffect {
  readonly key: string;
  readonly queue: string;
}

export interface UndoOutcome {
  readonly done: number;
  readonly total: number;
}

/** A message to running work; its words stand in Postgres. */
export interface SteeringMessage {
  readonly id: string;
  readonly mode: SteeringMode;
}

/** How a failed step is healed. */
export interface Healing {
  readonly action: HealingAction;
  readonly agent?: AgentId;
  readonly tier?: Tier;
}

/** How a step has ended. */
export type StepResult =
  { readonly status: 'done' } | { readonly status: 'failed' | 'skipped'; readonly reason: ErrorCode };

/** A step that gave no answer, and why. */
export interface StepFailure {
  readonly agent: AgentId | null;
  readonly step: string;
  readonly reason: ErrorCode;
  /** It was left out and nothing failed: a condition, a person, or a stop. */
  readonly skipped?: boolean;
}

/** A stop or cancel as the workflow saw it. */
export interface Stop {
  readonly mode: 'cancel' | 'stop';
  readonly at: string;
  readonly callsInFlight: number;
}

/** How the work ended, as the workflow saw it; a failed one says why nothing more was done. */
export type Ending = (
  | { readonly kind: 'worked' | 'cancelled' | 'expired' | 'stopped' | 'planned' }
  | { readonly kind: 'failed'; readonly code: ErrorCode }
) & {
  readonly failures?: readonly StepFailure[];
  readonly stop?: Stop;
};
