import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { KnownBlock, MessageMetadata } from '@slack/web-api';
import { OVERWRITES, defineTool, ProviderError, fieldLoss } from '../define.ts';
import { parseBefore } from '../fields.ts';
import { type SlackClient, slackCodeOf, write } from './client.ts';
import { effectMetadata, isOfEffect, messageAt, withLink } from './write-message.ts';
import { findChannel } from './get-channels.ts';
import {
  AS_WRITTEN,
  channelArgument,
  contentForSlack,
  messageContent,
  messageResource,
  tsArgument,
  WrittenMessage,
} from './message.ts';

/** What is kept of a message before it is changed. */
const Before = z.object({
  text: z.string(),
  blocks: z.array(z.looseObject({ type: z.string() })).default([]),
  metadata: z.object({ event_type: z.string(), event_payload: z.record(z.string(), z.json()) }).optional(),
});

/** `chat.update`: a set, so saying it twice is harmless; its metadata tells whether it arrived. */
export const updateMessage = defineTool<SlackClient>()({
  name: 'updateMessage',
  title: 'Change a message',
  description: 'Replaces the text and blocks of a message that this app has posted before.',
  input: z.strictObject({ channel: channelArgument, ts: tsArgument, ...messageContent }),
  output: WrittenMessage,
  annotations: OVERWRITES,
  async run(client, args, context) {
    const channel = await findChannel(client, args.channel, context);
    const asked = { channel, ts: args.ts, ...contentForSlack(args, context), ...effectMetadata(context) };
    await write(context, () => client.chat.update(asked));
    return withLink(client, { channel, ts: args.ts }, context);
  },
  async before(client, args, context) {
    const channel = await findChannel(client, args.channel, context);
    const message = await messageAt(client, channel, args.ts, context);
    if (!message) throw new ProviderError('refused', `There is no message ${args.ts} in ${args.channel}.`);
    const { text = '', blocks = [], metadata } = message;
    return { text, blocks, ...(metadata ? { metadata } : {}) };
  },
  /** Only the app itself can change its messages: one that is neither ours nor as before was changed by another effect. */
  async readBack(client, { args, effectKey, before }, context) {
    const channel = await findChannel(client, args.channel, context);
    try {
      const message = await messageAt(client, channel, args.ts, context);
      if (!isOfEffect(message?.metadata, effectKey))
        return message && message.text === Before.safeParse(before).data?.text ? 'not_happened' : 'unclear';
    } catch (error) {
      if (error instanceof ProviderError && error.fault === 'refused') return 'unclear';
      throw error;
    }
    return { happened: await withLink(client, { channel, ts: args.ts }, context) };
  },
  resource: messageResource,
  async lostByUndo(client, { args, output: { channel, ts }, before }, context) {
    const message = await messageAt(client, channel, ts, context);
    const isOwnUpdate = context.effectKey !== undefined && isOfEffect(message?.metadata, context.effectKey);
    const { text } = message ?? {};
    if (!message) return 'gone';
    if (isOwnUpdate || text === args.text || text === Before.safeParse(before).data?.text) return [];
    return [fieldLoss('text', text)];
  },
  async undo(client, { output: { channel, ts }, before }, context) {
    const { text, blocks, metadata } = parseBefore(Before, before);
    const asked = { channel, ts, text, blocks: blocks as unknown as KnownBlock[], ...AS_WRITTEN };
    const message = await messageAt(client, channel, ts, context);
    const now = Before.safeParse(message).data;
    if (now && isDeepStrictEqual(now, { text, blocks, ...(metadata ? { metadata } : {}) }))
      return `The message ${ts} in ${channel} is as it was already.`;
    try {
      // An empty object takes the metadata away.
      const restored = (metadata ?? {}) as MessageMetadata;
      await write(context, () => client.chat.update({ ...asked, metadata: restored }));
    } catch (error) {
      if (slackCodeOf(error) !== 'message_not_found') throw error;
      return `The message ${ts} in ${channel} is gone, so there is nothing to restore.`;
    }
    return `Restored the message ${ts} in ${channel}.`;
  },
});
