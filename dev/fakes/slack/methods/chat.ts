import { textArgument } from '../arguments.ts';
import { SlackRefusalError } from '../errors.ts';
import type { Method } from '../state.ts';
import { contentOf, MAX_TEXT, namedMessage, readableChannel, writableChannel } from './message-content.ts';
import { messageOnWire } from './to-wire.ts';

const TS = /^\d{10}\.\d{6}$/;

const postMessage: Method = (call) => {
  const { state, workspace, args } = call;
  const channel = writableChannel(call);
  const { text = '', blocks = [], metadata } = contentOf(call);
  const thread = textArgument(args, 'thread_ts');
  if (thread !== undefined && !TS.test(thread)) throw new SlackRefusalError('invalid_thread_ts');
  const parent = thread ? state.messages.find(workspace.teamId, channel.id, thread) : undefined;
  const root = parent?.thread_ts ?? thread;
  const message = state.messages.add({
    channel: channel.id,
    team: workspace.teamId,
    user: workspace.botUserId,
    bot_id: workspace.botId,
    app_id: workspace.appId,
    text: text.slice(0, MAX_TEXT),
    blocks,
    ...(root ? { thread_ts: root } : {}),
    ...(metadata ? { metadata } : {}),
  });
  const warning = 'message_truncated';
  const cut = text.length > MAX_TEXT ? { warning, response_metadata: { warnings: [warning] } } : {};
  return { channel: channel.id, ts: message.ts, message: messageOnWire(message), ...cut };
};

const update: Method = (call) => {
  const { state, workspace } = call;
  const channel = writableChannel(call);
  const message = namedMessage(call, channel);
  if (message.bot_id !== workspace.botId) throw new SlackRefusalError('cant_update_message');
  const content = contentOf(call);
  if ((content.text?.length ?? 0) > state.updateTextLimit) throw new SlackRefusalError('msg_too_long');
  const changed = state.messages.change(message, content, workspace.botUserId);
  return { channel: channel.id, ts: changed.ts, text: changed.text, message: messageOnWire(changed) };
};

const remove: Method = (call) => {
  const channel = writableChannel(call);
  const message = namedMessage(call, channel);
  if (message.bot_id !== call.workspace.botId) throw new SlackRefusalError('cant_delete_message');
  call.state.messages.remove(message);
  return { channel: channel.id, ts: message.ts };
};

const postEphemeral: Method = (call) => {
  const { state, workspace, args } = call;
  const channel = writableChannel(call);
  const user = textArgument(args, 'user') ?? '';
  if (!workspace.users.some(({ id }) => id === user)) throw new SlackRefusalError('user_not_in_channel');
  const { text = '', blocks = [] } = contentOf(call);
  const thread = textArgument(args, 'thread_ts');
  const ts = state.messages.nextTs();
  state.ephemerals.push({
    ts,
    channel: channel.id,
    team: workspace.teamId,
    user,
    text,
    blocks,
    ...(thread ? { thread_ts: thread } : {}),
  });
  state.waiters.notify();
  return { message_ts: ts };
};

const getPermalink: Method = (call) => {
  const channel = readableChannel(call);
  const { ts, thread_ts } = namedMessage(call, channel, 'message_ts');
  const place = thread_ts && thread_ts !== ts ? `?thread_ts=${thread_ts}&cid=${channel.id}` : '';
  const permalink = `https://${call.workspace.domain}.slack.com/archives/${channel.id}/p${ts.replace('.', '')}${place}`;
  return { channel: channel.id, permalink };
};

export const CHAT_METHODS = {
  'chat.postMessage': postMessage,
  'chat.update': update,
  'chat.delete': remove,
  'chat.postEphemeral': postEphemeral,
  'chat.getPermalink': getPermalink,
} satisfies Record<string, Method>;
