import type { QuotedWords } from '../../contracts/slack-text.ts';

export interface SlackMessage {
  /** What notifications and old clients show. */
  readonly text: string;
  /** Block Kit, opaque to the domain. */
  readonly blocks: readonly object[];
  /** It asks about more than it shows, so it can be declined but not approved where it stands. */
  readonly isCut?: boolean;
}

export interface Thread {
  readonly channelId: string;
  readonly threadTs: string;
}

/** One message of a thread, as people read it. */
export interface ThreadWords extends QuotedWords {
  readonly ts: string;
}

export interface DirectNotice {
  readonly text: string;
  /** Kept as metadata so that the message can be found again. */
  readonly marker: string;
  /** Somebody may have written it before: it is looked for first, and not written twice. */
  readonly mayBeThere: boolean;
}

/** The few calls of Slack that reporting needs. Failures come as `SlackCallError`. */
export interface SlackPort {
  /** Posts into the thread and answers the message's `ts`; `marker` is kept as metadata so that it can be found again. */
  post(thread: Thread, message: SlackMessage, marker: string): Promise<string>;
  update(channelId: string, ts: string, message: SlackMessage): Promise<void>;
  /** Writes to a person alone, outside of any channel; answers the thread that begins with it. */
  sayDirectly(slackUserId: string, notice: DirectNotice): Promise<Thread>;
  /** The `ts` of the message with this marker, if it is there. */
  findPosted(thread: Thread, marker: string): Promise<string | undefined>;
  /** What others than us have said in a thread between two times, each a `ts` and neither included. */
  readThread(thread: Thread, range: { readonly after: string; readonly before: string }): Promise<ThreadWords[]>;
}

/** Why a conversation is over for us: archived, we were removed, or somebody has deleted what we wrote. */
export type LostPlace = 'archived' | 'removed' | 'deleted';

/**
 * A failed call: `refused` says no message came of it, `gone` that the message cannot be changed any more, `lost` that
 * nothing can be written there again.
 */
export class SlackCallError extends Error {
  override readonly name = 'SlackCallError';
  readonly kind: 'rate_limited' | 'refused' | 'gone' | 'lost' | 'unknown';
  readonly lost: LostPlace | undefined;
  readonly retryAfterMs: number;
  constructor(
    kind: SlackCallError['kind'],
    message: string,
    retryAfterMs = 0,
    { lost, ...options }: ErrorOptions & { readonly lost?: LostPlace } = {},
  ) {
    super(message, options);
    this.kind = kind;
    this.lost = lost;
    this.retryAfterMs = retryAfterMs;
  }
}
