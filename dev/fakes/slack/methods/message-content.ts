import { blocksArgument, metadataArgument, textArgument } from '../arguments.ts';
import { findBlockProblems } from '../block-limits.ts';
import { SlackRefusalError } from '../errors.ts';
import { findChannel, type MethodCall } from '../state.ts';
import type { SlackChannel, SlackMessage } from '../types.ts';

/** Slack shortens a longer text when it is posted, and says so in a warning. */
export const MAX_TEXT = 40_000;
const MAX_MARKDOWN_TEXT = 12_000;

/** Text, blocks and metadata of a call, checked against Slack's limits. */
export function contentOf({ args }: MethodCall) {
  const blocks = blocksArgument(args);
  const metadata = metadataArgument(args);
  const markdown = textArgument(args, 'markdown_text');
  const text = textArgument(args, 'text');
  if (markdown !== undefined && (text !== undefined || blocks)) throw new SlackRefusalError('markdown_text_conflict');
  if (markdown !== undefined && markdown.length > MAX_MARKDOWN_TEXT) throw new SlackRefusalError('msg_too_long');
  const problems = blocks ? findBlockProblems(blocks) : [];
  if (problems.length > 0) throw new SlackRefusalError('invalid_blocks', problems);
  const hasText = (text ?? markdown ?? '') !== '';
  const hasAttachments = args['attachments'] !== undefined && args['attachments'] !== '[]';
  if (!hasText && !blocks?.length && !hasAttachments) throw new SlackRefusalError('no_text');
  return { text: text ?? markdown, blocks, metadata };
}

/** The channel that a call writes to, if the bot may; a user's id stands for the direct message with that person. */
export function writableChannel({ workspace, args }: MethodCall): SlackChannel {
  const id = textArgument(args, 'channel');
  const channel =
    findChannel(workspace, id) ?? workspace.channels.find(({ kind, user }) => kind === 'im' && user === id);
  if (!channel) throw new SlackRefusalError('channel_not_found');
  if (channel.archived) throw new SlackRefusalError('is_archived');
  if (!channel.botIsMember) throw new SlackRefusalError('not_in_channel');
  return channel;
}

/** The channel that a call reads from. */
export function readableChannel({ workspace, args }: MethodCall): SlackChannel {
  const channel = findChannel(workspace, textArgument(args, 'channel'));
  if (!channel) throw new SlackRefusalError('channel_not_found');
  return channel;
}

/** The message that a call names. */
export function namedMessage({ state, workspace, args }: MethodCall, channel: SlackChannel, name = 'ts'): SlackMessage {
  const message = state.messages.find(workspace.teamId, channel.id, textArgument(args, name) ?? '');
  if (!message) throw new SlackRefusalError('message_not_found');
  return message;
}
