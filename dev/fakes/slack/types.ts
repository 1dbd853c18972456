export interface SlackUser {
  readonly id: string;
  readonly name: string;
  readonly realName: string;
  readonly locale: string;
  readonly email?: string;
  readonly timezone?: string;
  readonly isAdmin?: boolean;
  readonly isOwner?: boolean;
  readonly isGuest?: boolean;
  readonly isBot?: boolean;
  readonly deleted?: boolean;
  /** Of another company, in a channel that both share. */
  readonly isStranger?: boolean;
  /** Their own workspace, where it is not this one. */
  readonly teamId?: string;
}

export interface SlackChannel {
  readonly id: string;
  readonly name: string;
  readonly kind: 'channel' | 'group' | 'im';
  /** The person of a direct message. */
  readonly user?: string;
  /** Whether the bot may read and write here. */
  readonly botIsMember: boolean;
  readonly archived?: boolean;
  /** The people in it; everybody of the workspace unless told. */
  readonly members?: readonly string[];
}

/** A workspace with the app installed in it. */
export interface SlackWorkspace {
  readonly teamId: string;
  readonly name: string;
  readonly domain: string;
  readonly enterpriseId?: string;
  readonly botToken: string;
  readonly botUserId: string;
  readonly botId: string;
  readonly appId: string;
  readonly users: readonly SlackUser[];
  readonly channels: readonly SlackChannel[];
  /** What the app may do; everything of its manifest unless told. */
  readonly scopes?: readonly string[];
}

export type Block = Readonly<Record<string, unknown>> & { readonly type: string };

export interface MessageMetadata {
  readonly event_type: string;
  readonly event_payload: Readonly<Record<string, unknown>>;
}

/** Everything a message has shown to people, and when. */
export interface MessageVersion {
  readonly at: string;
  readonly text: string;
  readonly blocks: readonly Block[];
}

export interface SlackMessage {
  readonly ts: string;
  readonly channel: string;
  readonly team: string;
  readonly user: string;
  readonly text: string;
  readonly blocks: readonly Block[];
  readonly thread_ts?: string;
  readonly bot_id?: string;
  readonly app_id?: string;
  readonly client_msg_id?: string;
  readonly metadata?: MessageMetadata;
  /** Forwarded messages and unfurled links. */
  readonly attachments?: readonly Readonly<Record<string, unknown>>[];
  readonly files?: readonly Readonly<Record<string, unknown>>[];
  /** `tombstone`: deleted, and kept because its thread goes on. */
  readonly subtype?: 'tombstone';
  readonly edited?: { readonly user: string; readonly ts: string };
  readonly reactions: readonly { readonly name: string; readonly users: readonly string[] }[];
  /** Oldest first; the last is what is shown now. */
  readonly versions: readonly MessageVersion[];
}

/** One attempt to hand an event to the app. */
export interface Delivery {
  readonly eventId: string;
  readonly type: string;
  readonly attempt: number;
  readonly via: 'http' | 'socket';
  /** HTTP status; 200 for an acknowledged envelope; 0 when there was no answer. */
  readonly status: number;
  readonly ms: number;
  readonly reason?: 'http_timeout' | 'http_error' | 'connection_failed';
  /** The body of the app's answer. */
  readonly body?: string;
}

export interface ApiCallLine {
  readonly kind: 'call';
  readonly at: string;
  readonly method: string;
  readonly team: string | null;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly status: number;
  readonly ok: boolean;
  readonly error?: string;
  readonly ts?: string;
  readonly ms: number;
}

export type SlackLogLine =
  | ApiCallLine
  | ({ readonly kind: 'delivery'; readonly at: string } & Delivery)
  | {
      readonly kind: 'socket';
      readonly at: string;
      readonly what: 'open' | 'ack' | 'close';
      readonly envelopeId?: string;
    };
