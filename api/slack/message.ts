import { z } from 'zod';
import type { Choice } from '../../contracts/approval.ts';
import type { SteeringMode } from '../../contracts/steering.ts';
import { storableText } from '../../contracts/storable-text.ts';
import type { Decision } from '../../contracts/workflow.ts';

/** The parts of Slack's `app_mention` and `message` events that matter here. */
const SlackMessage = z.object({
  type: z.enum(['app_mention', 'message']),
  subtype: z.string().optional(),
  channel: z.string().min(1),
  channel_type: z.string().optional(),
  user: z.string().min(1).optional(),
  bot_id: z.string().optional(),
  text: z.string().default(''),
  ts: z.string().min(1),
  thread_ts: z.string().optional(),
});

/** A person's words in Slack. */
export interface HeardMessage {
  readonly teamId: string;
  readonly eventId: string | undefined;
  readonly channelId: string;
  readonly direct: boolean;
  readonly slackUserId: string;
  /** Without the mention of the bot, entities decoded. */
  readonly text: string;
  readonly mentionsBot: boolean;
  readonly ts: string;
  /** The thread that an answer belongs to. */
  readonly threadTs: string;
  readonly isReply: boolean;
}

/** Subtypes that are still a person talking. */
const SPEECH = new Set([undefined, 'file_share', 'thread_broadcast', 'me_message']);

/** A message event as a person's words; undefined for bots, edits, joins and whatever else is no speech. */
export function toHeardMessage(event: unknown, envelope: Envelope, botUserId: string): HeardMessage | undefined {
  const parsed = SlackMessage.safeParse(event);
  if (!parsed.success) return undefined;
  const message = parsed.data;
  if (!SPEECH.has(message.subtype) || message.bot_id || !message.user || message.user === botUserId) return undefined;
  const mention = new RegExp(`<@${botUserId}(\\|[^>]*)?>`, 'g');
  return {
    teamId: teamOf(envelope),
    eventId: envelope.event_id,
    channelId: message.channel,
    direct: message.channel_type === 'im' || (message.channel_type === undefined && message.channel.startsWith('D')),
    slackUserId: message.user,
    text: storableText(decode(message.text.replaceAll(mention, ' '))).trim(),
    mentionsBot: message.type === 'app_mention' || mention.test(message.text),
    ts: message.ts,
    threadTs: message.thread_ts ?? message.ts,
    isReply: message.thread_ts !== undefined && message.thread_ts !== message.ts,
  };
}

export interface Envelope {
  readonly team_id?: string;
  readonly event_id?: string;
  readonly authorizations?: readonly { readonly team_id?: string | null }[];
}

/** With Slack Connect the top-level team can be another workspace's; the authorization names the installation's. */
export const teamOf = (envelope: Envelope): string => envelope.authorizations?.[0]?.team_id ?? envelope.team_id ?? '';

/** Slack escapes exactly these three. */
const decode = (text: string): string => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

/** What a reply answers, if it is nothing but an answer. */
export interface Word {
  readonly verdict: Decision['verdict'];
  readonly choice?: Choice;
}

const WORDS: readonly (readonly [RegExp, Word])[] = [
  [/^(approve|approved|승인|승인합니다)[.!]*$/i, { verdict: 'approve' }],
  [/^(cancel|취소|취소합니다)[.!]*$/i, { verdict: 'cancel' }],
  [/^(raise|증액)[.!]*$/i, { verdict: 'approve', choice: 'raise' }],
  [/^(done|완료)[.!]*$/i, { verdict: 'approve', choice: 'done' }],
  [/^(retry|재시도)[.!]*$/i, { verdict: 'approve', choice: 'retry' }],
  [/^(skip|건너뛰기)[.!]*$/i, { verdict: 'approve', choice: 'skip' }],
  [/^(stop|중지)[.!]*$/i, { verdict: 'approve', choice: 'stop' }],
];

/** The answer that a text is; undefined when it says anything else. */
export const wordIn = (text: string): Word | undefined => WORDS.find(([pattern]) => pattern.test(text.trim()))?.[1];

/** What a reply decides about an approval, if it is nothing but a decision. */
export function verdictIn(text: string): Decision['verdict'] | undefined {
  const word = wordIn(text);
  return word?.choice ? undefined : word?.verdict;
}

/** Whether a reply wants taken back what the work has changed, and says nothing else. */
export const isUndo = (text: string): boolean => /^(undo|되돌리기|되돌려( ?(줘|주세요))?)[.!]*$/i.test(text.trim());

const REPLAN = /^(replan|plan again|다시 계획|계획 변경|재계획)[:,.\s]*/i;

/** How words to running work are meant: STOP alone stops, REPLAN in front plans the rest anew, all else steers. */
export function steeringIn(text: string): { mode: SteeringMode; message: string } {
  if (wordIn(text)?.choice === 'stop') return { mode: 'stop', message: '' };
  const message = text.trim().replace(REPLAN, '');
  return REPLAN.test(text.trim()) && message.length > 0
    ? { mode: 'replan', message }
    : { mode: 'steer', message: text.trim() };
}
