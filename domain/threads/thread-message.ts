import type { QuotedWords } from '../../contracts/slack-text.ts';

/** A person's message in a Slack conversation. */
export interface ThreadMessage {
  readonly teamId: string;
  readonly eventId: string | undefined;
  readonly channelId: string;
  readonly direct: boolean;
  readonly slackUserId: string;
  /** Without the mention of the bot, with names and addresses for ids and labels. */
  readonly text: string;
  readonly mentionsBot: boolean;
  /** Somebody else is spoken to: a person, a group or a whole channel. */
  readonly addressesOthers: boolean;
  /** Forwarded messages and names of files. */
  readonly quoted: readonly QuotedWords[];
  readonly ts: string;
  /** The thread that an answer belongs to. */
  readonly threadTs: string;
  readonly isReply: boolean;
}

/** What Slack says of a person; parts may be missing. */
export interface SlackProfile {
  readonly name?: string | undefined;
  readonly locale?: string | undefined;
  readonly timeZone?: string | undefined;
  /** Slack's single- and multi-channel guests: people from outside, who read but start no work here either. */
  readonly isGuest?: boolean;
}

/** The name under which the same message may come again, whatever event brings it. */
export const messageKey = ({ teamId, channelId, ts }: ThreadMessage): string =>
  `slack:message:${teamId}:${channelId}:${ts}`;

/** Every name under which it may come again: one mention is delivered as two events. */
export const keysOf = (message: ThreadMessage): string[] => [
  ...(message.eventId ? [`slack:event:${message.eventId}`] : []),
  messageKey(message),
];
