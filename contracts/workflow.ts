import type { Approval, RunMode, FinalStatus, AgentChoice } from './orchestration.ts';
import type { AgentId, Category } from './agents.ts';
import type { ErrorCode } from './texts.ts';

/** Why a request is answered without work: the person is told, nothing runs and nothing is spent. */
export type Refusal = 'unknown_user' | 'guest' | 'empty_message' | 'message_too_long';

/** What starts an orchestration: ids and switches only, the content stays in Postgres. */
export interface OrchestrationInput {
  readonly organizationId: string;
  readonly orchestrationId: string;
  /** Report to a Slack message. */
  readonly slack: boolean;
  /** Ask the model what the request means; off when the request names its agents. */
  readonly analyze: boolean;
  readonly refusal?: Refusal;
}

export interface OrchestrationOutcome {
  readonly status: FinalStatus;
}

/** What the route step tells the workflow. */
export interface RoutedWork {
  readonly agents: AgentChoice[];
  readonly mode: RunMode;
  readonly category: Category;
  /** Longest time the agents may work, ms. */
  readonly maxExecutionMs: number;
  readonly approval?: {
    readonly id: string;
    readonly hash: string;
    readonly timeoutMs: number;
    readonly policy: Approval['policy'];
  };
}

/** A person's answer to an approval, already authenticated by the door. */
export interface Decision {
  readonly verdict: 'approve' | 'cancel';
  readonly userId: string;
  readonly role: string;
  readonly isAsker: boolean;
  readonly via: 'slack' | 'rest' | 'console';
  readonly approvalId?: string;
  readonly hash?: string;
}

/** An agent that gave no answer, and why. */
export interface AgentFailure {
  readonly agent: AgentId;
  readonly reason: ErrorCode;
}

/** How the work ended, as the workflow saw it; a failed one says why nothing more was done. */
export type Ending = (
  { readonly kind: 'worked' | 'cancelled' | 'expired' } | { readonly kind: 'failed'; readonly code: ErrorCode }
) & {
  readonly failures?: readonly AgentFailure[];
};
