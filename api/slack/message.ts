import { z } from 'zod';
import { BUTTON_WORDS, type ButtonAction } from '../../contracts/answer-words.ts';
import { isRecord } from '../../contracts/json.ts';
import { mentionedIn, quotedIn, readableSlackText, textOfBlocks, type SlackNames } from '../../contracts/slack-text.ts';
import type { Membership } from '../../domain/organizations/memberships.ts';
import type { LostChannel, MessageChange } from '../../domain/threads/change-message.ts';
import type { ThreadMessage } from '../../domain/threads/thread-message.ts';

/** Ids and stamps are names of rows here: nothing else is one, however long it is. */
const ID = /^[A-Z0-9_]{1,64}$/;
const STAMP = /^[\d.]{1,32}$/;

/** The parts of Slack's `app_mention` and `message` events that matter here. */
const SlackMessage = z.object({
  type: z.enum(['app_mention', 'message']),
  subtype: z.string().optional(),
  channel: z.string().regex(ID),
  channel_type: z.string().optional(),
  user: z.string().regex(ID).optional(),
  /** Where the writer comes from; in channels that companies share it may be another workspace. */
  user_team: z.string().nullish(),
  source_team: z.string().nullish(),
  bot_id: z.string().optional(),
  text: z.string().nullish(),
  blocks: z.unknown().optional(),
  attachments: z.unknown().optional(),
  files: z.unknown().optional(),
  ts: z.string().regex(STAMP),
  thread_ts: z.string().regex(STAMP).optional(),
});

/** Subtypes that are still a person talking. */
const SPEECH = new Set([undefined, 'file_share', 'thread_broadcast', 'me_message']);

/** A message event as a person's words; undefined for bots, edits, joins and whatever else is no speech. */
export function toThreadMessage(
  event: unknown,
  envelope: Envelope,
  botUserId: string,
  names: SlackNames = new Map(),
): ThreadMessage | undefined {
  const parsed = SlackMessage.safeParse(event);
  if (!parsed.success) return undefined;
  const message = parsed.data;
  if (!SPEECH.has(message.subtype) || message.bot_id || !message.user || message.user === botUserId) return undefined;
  const mention = new RegExp(`<@${botUserId}(\\|[^>]*)?>`, 'g');
  const raw = message.text ?? '';
  const inBlocks = () => textOfBlocks(message.blocks, names).replaceAll(`@${botUserId}`, ' ');
  const text = raw === '' ? inBlocks() : readableSlackText(raw.replaceAll(mention, ' '), names);
  return {
    teamId: teamOf(envelope),
    eventId: typeof envelope.event_id === 'string' ? envelope.event_id.slice(0, 100) : undefined,
    channelId: message.channel,
    direct: message.channel_type === 'im' || (message.channel_type === undefined && message.channel.startsWith('D')),
    slackUserId: message.user,
    text: text.trim(),
    mentionsBot: message.type === 'app_mention' || mention.test(raw),
    addressesOthers: mentionedIn(raw, botUserId).length > 0,
    quoted: quotedIn(message, names),
    isOutside: [message.user_team, message.source_team].some((team) => team && team !== teamOf(envelope)),
    ts: message.ts,
    threadTs: message.thread_ts ?? message.ts,
    isReply: message.thread_ts !== undefined && message.thread_ts !== message.ts,
  };
}

/** Everybody whom an event that may be meant for us names, so that they can be called by their names; the bot is nobody. */
export function peopleIn(event: unknown, botUserId: string | undefined): string[] {
  const parsed = SlackMessage.safeParse(event);
  if (!parsed.success) return [];
  const { type, channel, thread_ts: thread, text, attachments, blocks } = parsed.data;
  const isForUs =
    type === 'app_mention' || channel.startsWith('D') || thread !== undefined || text?.includes(`<@${botUserId}`);
  if (!isForUs) return [];
  const whole = JSON.stringify([text, attachments, blocks]);
  const inFields = [...whole.matchAll(/"(?:author_id|user_id)":"([A-Z0-9_]+)"/g)].map(([, id]) => id ?? '');
  return [...mentionedIn(whole, botUserId), ...inFields].filter((id) => id !== botUserId);
}

const Changed = z.object({
  type: z.literal('message'),
  subtype: z.enum(['message_changed', 'message_deleted']),
  channel: z.string().regex(ID),
  deleted_ts: z.string().regex(STAMP).nullish(),
  message: SlackMessage.partial().nullish(),
  previous_message: SlackMessage.partial().nullish(),
});

export const isChange = (event: unknown): boolean => Changed.safeParse(event).success;

/** An edit or a deletion of a person's message. Slack keeps a deleted one as a tombstone where a thread hangs on it. */
export function toMessageChange(event: unknown, botUserId: string, names: SlackNames): MessageChange | undefined {
  const parsed = Changed.safeParse(event);
  if (!parsed.success) return undefined;
  const { subtype, channel: channelId, deleted_ts: deletedTs, message, previous_message: before } = parsed.data;
  const isGone = subtype === 'message_deleted' || message?.subtype === 'tombstone';
  const ts = message?.ts ?? deletedTs ?? before?.ts;
  const slackUserId = isGone ? before?.user : message?.user;
  if (!ts || !slackUserId || slackUserId === botUserId || before?.bot_id || message?.bot_id) return undefined;
  if (isGone) return { channelId, ts, slackUserId, text: undefined };
  const raw = message?.text ?? '';
  if (raw === (before?.text ?? '')) return undefined;
  const mention = new RegExp(`<@${botUserId}(\\|[^>]*)?>`, 'g');
  return { channelId, ts, slackUserId, text: readableSlackText(raw.replaceAll(mention, ' '), names).trim() };
}

const Press = z.object({
  type: z.literal('block_actions'),
  user: z.object({ id: z.string().regex(ID), team_id: z.string().nullish() }),
  channel: z.object({ id: z.string().regex(ID) }),
  container: z.object({ message_ts: z.string().regex(STAMP), thread_ts: z.string().regex(STAMP).nullish() }),
  actions: z.tuple([
    z.object({
      action_id: z.enum(Object.keys(BUTTON_WORDS) as ButtonAction[]),
      value: z.uuid(),
      action_ts: z.string().regex(STAMP),
    }),
  ]),
});

/** The workspace in which a button was pressed. */
export const teamOfPress = ({ team }: { readonly team?: unknown }): string =>
  isRecord(team) && typeof team['id'] === 'string' ? team['id'] : '';

/** A press of a button of ours as the word that it stands for, said of the work that the button names. */
export function toPress(body: unknown, teamId: string): ThreadMessage | undefined {
  const parsed = Press.safeParse(body);
  if (!parsed.success) return undefined;
  const { user, channel, container, actions } = parsed.data;
  const [{ action_id: action, value: pressedJob, action_ts: ts }] = actions;
  return {
    teamId,
    eventId: undefined,
    channelId: channel.id,
    direct: channel.id.startsWith('D'),
    slackUserId: user.id,
    isOutside: Boolean(user.team_id && user.team_id !== teamId),
    text: BUTTON_WORDS[action],
    mentionsBot: true,
    addressesOthers: false,
    quoted: [],
    ts,
    threadTs: container.thread_ts ?? container.message_ts,
    isReply: true,
    pressedJob,
  };
}

/** A channel that was archived, or that somebody was taken out of; our own removal comes without a user. */
const Closed = z.object({
  type: z.enum(['channel_archive', 'group_archive', 'channel_left', 'group_left', 'member_left_channel']),
  channel: z.string().regex(ID),
  user: z.string().nullish(),
});

const Moved = z.object({
  type: z.enum(['member_joined_channel', 'member_left_channel']),
  channel: z.string().regex(ID),
  user: z.string().regex(ID),
});

/** That somebody has come into a channel or left it. */
export function toMembership(event: unknown, teamId: string): Membership | undefined {
  const parsed = Moved.safeParse(event);
  if (!parsed.success) return undefined;
  const { type, channel: channelId, user: slackUserId } = parsed.data;
  return { teamId, slackUserId, channelId, isMember: type === 'member_joined_channel' };
}

/** A channel in which we can write nothing any more; undefined where somebody else has left it. */
export function toLostChannel(event: unknown, botUserId: string): LostChannel | undefined {
  const parsed = Closed.safeParse(event);
  if (!parsed.success) return undefined;
  const { type, channel: channelId, user } = parsed.data;
  if (type === 'member_left_channel' && user !== botUserId) return undefined;
  return { channelId, lost: type.endsWith('_archive') ? 'archived' : 'removed' };
}

export interface Envelope {
  readonly team_id?: string;
  readonly event_id?: string;
  readonly authorizations?: readonly ({ readonly team_id?: string | null } | null)[];
}

/** With Slack Connect the top-level team can be another workspace's; the authorization names the installation's. */
export const teamOf = ({ authorizations, team_id: teamId }: Envelope): string =>
  authorizations?.find((one) => typeof one?.team_id === 'string')?.team_id ??
  (typeof teamId === 'string' ? teamId : '');
