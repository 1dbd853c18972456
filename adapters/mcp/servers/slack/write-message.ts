import type { UndoLoss } from '../../../../contracts/effects.ts';
import { type ReadBackVerdict, type ToolContext, effectMark, counted } from '../define.ts';
import { read, type SlackClient, slackCodeOf, write } from './client.ts';
import { contentForSlack, type WrittenMessage } from './message.ts';

const EVENT_TYPE = 'nubabel_effect';

/** Metadata that is not shown in the message, so that a lost answer can be looked up. */
export const effectMetadata = ({ effectKey }: Pick<ToolContext, 'effectKey'>) =>
  effectKey ? { metadata: { event_type: EVENT_TYPE, event_payload: { key: effectMark(effectKey) } } } : {};

interface Metadata {
  readonly event_type?: string | undefined;
  readonly event_payload?: object | undefined;
}

/** Whether a message was last written by this effect. */
export function isOfEffect(metadata: Metadata | undefined, effectKey: string): boolean {
  const payload = metadata?.event_payload;
  return (
    metadata?.event_type === EVENT_TYPE &&
    payload !== undefined &&
    'key' in payload &&
    payload.key === effectMark(effectKey)
  );
}

/** How far Slack's clock may be behind ours. */
const SKEW_MS = 5 * 60_000;
/** Pages of 200 messages that are looked through; some apps get only 15 a page. */
const MAX_PAGES = 10;
/** Refusals that mean we may not look, not that there is nothing. */
const BLIND = new Set([
  'missing_scope',
  'not_in_channel',
  'channel_not_found',
  'thread_not_found',
  'restricted_action',
]);

interface Where {
  readonly channel: string;
  readonly threadTs?: string;
  readonly effectKey: string;
  readonly sentAt: Date;
}

/**
 * The message of an effect, by its metadata. `not_happened` means that it is not there now: a post that is still on its
 * way could come later, so the caller asks only when no answer can come any more.
 */
export async function findEffect(
  client: SlackClient,
  where: Where,
  context: ToolContext,
): Promise<ReadBackVerdict<WrittenMessage>> {
  const { channel, threadTs, effectKey, sentAt } = where;
  const oldest = ((sentAt.getTime() - SKEW_MS) / 1000).toFixed(6);
  let cursor: string | undefined;
  try {
    for (let page = 0; page < MAX_PAGES; page++) {
      const asked = { channel, oldest, include_all_metadata: true, limit: 200, cursor };
      const { messages = [], response_metadata } = await read(context, () =>
        threadTs ? client.conversations.replies({ ...asked, ts: threadTs }) : client.conversations.history(asked),
      );
      const found = messages.find(({ metadata }) => isOfEffect(metadata, effectKey));
      if (found?.ts) return { happened: await withLink(client, { channel, ts: found.ts }, context) };
      cursor = response_metadata?.next_cursor;
      if (!cursor) return 'not_happened';
    }
  } catch (error) {
    if (BLIND.has(slackCodeOf(error) ?? '')) return 'unclear';
    throw error;
  }
  return 'unclear';
}

interface ToPost {
  readonly channel: string;
  readonly text: string;
  readonly blocks?: readonly Readonly<Record<string, unknown>>[] | undefined;
  readonly threadTs?: string;
}

/** Posts once, with the effect's mark, to a channel's id. @throws ProviderError */
export async function postOnce(client: SlackClient, to: ToPost, context: ToolContext): Promise<WrittenMessage> {
  const { channel, threadTs } = to;
  const asked = {
    channel,
    ...contentForSlack(to, context),
    ...effectMetadata(context),
    ...(threadTs ? { thread_ts: threadTs } : {}),
  };
  const posted = await write(context, () => client.chat.postMessage(asked));
  return withLink(client, { channel: posted.channel ?? channel, ts: posted.ts ?? '' }, context);
}

/** Its link, where Slack gives one: the message is written already, so a fault here must not look like one of writing. */
export async function withLink(
  client: SlackClient,
  { channel, ts }: WrittenMessage,
  context: ToolContext,
): Promise<WrittenMessage> {
  const asked = { channel, message_ts: ts };
  const answer = await read(context, () => client.chat.getPermalink(asked)).catch(() => undefined);
  return { channel, ts, ...(answer?.permalink ? { url: answer.permalink } : {}) };
}

/** What goes with a message that is deleted: reactions to it, and the sense of the answers below it. */
export async function lostWithMessage(
  client: SlackClient,
  { channel, ts }: WrittenMessage,
  context: ToolContext,
): Promise<UndoLoss[] | 'gone'> {
  const message = await messageAt(client, channel, ts, context);
  if (!message) return 'gone';
  const reactions = message.reactions ?? [];
  const total = reactions.reduce((sum, { count = 0 }) => sum + count, 0);
  const reacted = reactions.flatMap(({ users = [] }) => users);
  return [
    // Ours in the same thread are taken back before this one; whoever else has written there counts.
    ...counted('replies', message.reply_count ?? 0, await namesOf(client, message.reply_users ?? [], context)),
    ...counted('reactions', total, await namesOf(client, reacted, context)),
  ];
}

/** Names that are looked up; who else it was is told by their ids. */
const MAX_NAMES = 3;

async function namesOf(client: SlackClient, given: readonly string[], context: ToolContext): Promise<string[]> {
  const ids = [...new Set(given)];
  const named = ids.slice(0, MAX_NAMES).map(async (user) => {
    const answer = await read(context, () => client.users.info({ user })).catch(() => undefined);
    return answer?.user?.profile?.display_name || answer?.user?.real_name || answer?.user?.name || user;
  });
  return [...(await Promise.all(named)), ...ids.slice(MAX_NAMES)];
}

/** One message with its metadata; `conversations.replies` knows messages inside and outside of threads. */
export async function messageAt(client: SlackClient, channel: string, ts: string, context: ToolContext) {
  const asked = { channel, ts, oldest: ts, latest: ts, inclusive: true, include_all_metadata: true, limit: 10 };
  try {
    const { messages = [] } = await read(context, () => client.conversations.replies(asked));
    return messages.find((message) => message.ts === ts);
  } catch (error) {
    if (slackCodeOf(error) === 'thread_not_found') return undefined;
    throw error;
  }
}

/** Deletes a message of ours; one that is gone already is as good. @throws ProviderError */
export async function deleteMessage(
  client: SlackClient,
  { channel, ts }: WrittenMessage,
  context: ToolContext,
): Promise<string> {
  try {
    await write(context, () => client.chat.delete({ channel, ts }));
    return `Deleted the message ${ts} in ${channel}.`;
  } catch (error) {
    if (slackCodeOf(error) === 'message_not_found') return `The message ${ts} in ${channel} was deleted already.`;
    throw error;
  }
}
