import { z } from 'zod';
import { ADDS } from '../annotations.ts';
import { defineTool } from '../define.ts';
import type { SlackClient } from './client.ts';
import { findChannel } from './find-channel.ts';
import { findEffect } from './find-effect.ts';
import { channelArgument, messageContent, messageResource, WrittenMessage } from './message.ts';
import { deleteMessage, postOnce } from './write-message.ts';

/** `chat.postMessage`: found again by its metadata, undone by deleting it. */
export const postMessage = defineTool<SlackClient>()({
  name: 'postMessage',
  title: 'Post a message',
  description: 'Posts a new message to a Slack channel or person. To answer in a thread use sendThreadReply.',
  input: z.strictObject({ channel: channelArgument, ...messageContent }),
  output: WrittenMessage,
  annotations: ADDS,
  async run(client, args, context) {
    const channel = await findChannel(client, args.channel, context);
    return postOnce(client, { ...args, channel }, context);
  },
  async readBack(client, { args, effectKey, sentAt }, context) {
    const channel = await findChannel(client, args.channel, context);
    return findEffect(client, { channel, effectKey, sentAt }, context);
  },
  resource: messageResource,
  undo: (client, { output }, context) => deleteMessage(client, output, context),
});
