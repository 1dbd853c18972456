import { z } from 'zod';
import { ADDS, defineTool } from '../define.ts';
import type { SlackClient } from './client.ts';
import { findEffect, deleteMessage, lostWithMessage, postOnce } from './write-message.ts';
import { findChannel } from './get-channels.ts';
import { channelArgument, messageContent, messageResource, tsArgument, WrittenMessage } from './message.ts';

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
  lostByUndo: (client, { output }, context) => lostWithMessage(client, output, context),
  undo: (client, { output }, context) => deleteMessage(client, output, context),
});

/** A message in a thread: found again by its metadata among the thread's replies, undone by deleting it. */
export const sendThreadReply = defineTool<SlackClient>()({
  name: 'sendThreadReply',
  title: 'Reply in a thread',
  description: 'Answers in the thread of a Slack message.',
  input: z.strictObject({
    channel: channelArgument,
    threadTs: tsArgument.describe('The ts of the message whose thread is answered.'),
    ...messageContent,
  }),
  output: WrittenMessage,
  annotations: ADDS,
  async run(client, args, context) {
    const channel = await findChannel(client, args.channel, context);
    return postOnce(client, { ...args, channel }, context);
  },
  async readBack(client, { args, effectKey, sentAt }, context) {
    const channel = await findChannel(client, args.channel, context);
    return findEffect(client, { channel, threadTs: args.threadTs, effectKey, sentAt }, context);
  },
  resource: messageResource,
  lostByUndo: (client, { output }, context) => lostWithMessage(client, output, context),
  undo: (client, { output }, context) => deleteMessage(client, output, context),
});
