import type { ToolContext } from '../define.ts';
import { type SlackClient, read, slackCodeOf, write } from './client.ts';
import { effectMetadata } from './effect.ts';
import { contentForSlack, type WrittenMessage } from './message.ts';

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
