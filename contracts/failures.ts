/** Names of business failures. They stand in kept histories: never rename one. */
export const FAILURE = {
  /** The model's provider said no to the request itself: trying again changes nothing. */
  modelRefused: 'ModelRefused',
  /** Too many requests or overloaded: try again after the time the provider names. */
  modelRateLimited: 'ModelRateLimited',
  /** The provider could not be reached or answered with a fault of its own. */
  modelUnavailable: 'ModelUnavailable',
  /** The key was rejected: a person must mend the configuration. */
  modelUnauthorized: 'ModelUnauthorized',
  /** The organization's or the user's budget has no room for the worst case of a call. */
  budgetExhausted: 'BudgetExhausted',
  /** The orchestration has ended already: nothing more may run for it. */
  alreadyOver: 'AlreadyOver',
  /** Slack asked for patience, or our own bucket is empty. */
  slackRateLimited: 'SlackRateLimited',
  /** Slack said no to the message itself. */
  slackRefused: 'SlackRefused',
  /** A decision came for something that is not waiting. */
  notWaiting: 'NotWaiting',
  /** A decision named an approval or a hash other than the one shown. */
  approvalMismatch: 'ApprovalMismatch',
  /** The policy does not name this person. */
  notAllowed: 'NotAllowed',
  /** An answer that the question does not have. */
  noSuchChoice: 'NoSuchChoice',
  /** Somebody approves twice where several people have to. */
  alreadyApproved: 'AlreadyApproved',
  /** The call has come too late: its job is over, or a newer try holds it. */
  toolCallGone: 'ToolCallGone',
  /** A tool's provider could not be reached, or is left alone for a while; trying again may help. */
  toolUnavailable: 'ToolUnavailable',
  /** More steering than one run takes. */
  tooManyMessages: 'TooManyMessages',
} as const;
export type FailureType = (typeof FAILURE)[keyof typeof FAILURE];

/**
 * Why a model's provider said no, as the first detail of `modelRefused`; without one it did not take the request as it
 * was made. `policy`: what it will not answer. `too_long`: more than the model can read. `billing`: the account has no
 * money left. `no_model`: it has no such model. `cut`: the limit of its length came before anything was said. `empty`:
 * nothing was said.
 */
export type RefusalCause = 'policy' | 'too_long' | 'billing' | 'no_model' | 'cut' | 'empty';

interface FailureOptions {
  readonly message: string;
  readonly type: FailureType;
  readonly nonRetryable?: boolean;
  /** When to try again, ms; Temporal's own interval unless told. */
  readonly nextRetryDelay?: number;
  readonly details?: readonly unknown[];
  readonly cause?: unknown;
}

/** A failure with a permanent name, as domain and adapters throw it; activities translate it for Temporal, in one place. */
export class FailureError extends Error {
  override readonly name = 'FailureError';
  readonly type: FailureType;
  readonly nonRetryable: boolean;
  readonly nextRetryDelay: number | undefined;
  readonly details: readonly unknown[];
  private constructor({ message, type, nonRetryable = false, nextRetryDelay, details = [], cause }: FailureOptions) {
    super(message, { cause });
    this.type = type;
    this.nonRetryable = nonRetryable;
    this.nextRetryDelay = nextRetryDelay;
    this.details = details;
  }
  static create(options: FailureOptions): FailureError {
    return new FailureError(options);
  }
  /** Trying again changes nothing. */
  static nonRetryable(message: string, type: FailureType, ...details: readonly unknown[]): FailureError {
    return new FailureError({ message, type, nonRetryable: true, details });
  }
}

/** The work was cancelled while it ran: neither a failure nor a result. */
export class CancelledError extends Error {
  override readonly name = 'CancelledError';
}
