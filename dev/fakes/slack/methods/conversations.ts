import { flagArgument, textArgument } from '../arguments.ts';
import { SlackRefusalError } from '../errors.ts';
import type { Method, MethodCall } from '../state.ts';
import type { SlackChannel, SlackMessage, SlackWorkspace } from '../types.ts';
import { namedMessage, readableChannel } from './message-content.ts';
import { pageOf } from './paging.ts';
import { channelOnWire, messageOnWire } from './to-wire.ts';

function within({ args }: MethodCall): (message: SlackMessage) => boolean {
  const oldest = textArgument(args, 'oldest') ?? '0';
  const latest = textArgument(args, 'latest') ?? '9999999999.999999';
  const inclusive = flagArgument(args, 'inclusive');
  return ({ ts }) => (ts > oldest && ts < latest) || (inclusive && (ts === oldest || ts === latest));
}

const info: Method = (call) => ({ channel: channelOnWire(readableChannel(call), call.workspace) });

const KIND_OF = { channel: 'public_channel', group: 'private_channel', im: 'im' } as const;
const TYPES: readonly string[] = [...Object.values(KIND_OF), 'mpim'];

const list: Method = (call) => {
  const kinds = (textArgument(call.args, 'types') ?? 'public_channel').split(',');
  const channels = call.workspace.channels
    .filter(({ kind }) => kinds.includes(KIND_OF[kind]))
    .filter(({ archived }) => !(archived && flagArgument(call.args, 'exclude_archived')));
  const { items, response_metadata } = pageOf(channels, call, 100);
  return { channels: items.map((channel) => channelOnWire(channel, call.workspace)), response_metadata };
};

/** The channels that somebody is in; of those that are not public the ones that the bot is in too. */
const ofUser: Method = (call) => {
  const { workspace, args } = call;
  const user = textArgument(args, 'user') ?? workspace.botUserId;
  if (!workspace.users.some(({ id }) => id === user)) throw new SlackRefusalError('user_not_found');
  const kinds = (textArgument(args, 'types') ?? 'public_channel').split(',');
  if (kinds.some((kind) => !TYPES.includes(kind))) throw new SlackRefusalError('invalid_types');
  const channels = workspace.channels
    .filter(({ kind }) => kinds.includes(KIND_OF[kind]))
    .filter((channel) => isMember(channel, user, workspace))
    .filter(({ kind, botIsMember }) => kind === 'channel' || botIsMember)
    .filter(({ archived }) => !(archived && flagArgument(args, 'exclude_archived')));
  const { items, response_metadata } = pageOf(channels, call, 100, 999);
  return {
    channels: items.map((channel) => ({ ...channelOnWire(channel, workspace), is_member: undefined })),
    response_metadata,
  };
};

function isMember(channel: SlackChannel, user: string, { botUserId, users }: SlackWorkspace): boolean {
  if (user === botUserId) return channel.botIsMember;
  if (channel.kind === 'im') return channel.user === user;
  return (channel.members ?? users.map(({ id }) => id)).includes(user);
}

const history: Method = (call) => {
  const { state, workspace, args } = call;
  const channel = readableChannel(call);
  if (!channel.botIsMember) throw new SlackRefusalError('not_in_channel');
  const all = state.messages.list({ team: workspace.teamId, channel: channel.id });
  const roots = all.filter(({ ts, thread_ts }) => !thread_ts || thread_ts === ts).filter(within(call));
  const { items, ...page } = pageOf(roots.reverse(), call, 100);
  const repliesOf = (root: SlackMessage) => all.filter(({ ts, thread_ts }) => thread_ts === root.ts && ts !== root.ts);
  const messages = items.map((root) =>
    messageOnWire(root, repliesOf(root), flagArgument(args, 'include_all_metadata')),
  );
  return { messages, ...page, pin_count: 0 };
};

const replies: Method = (call) => {
  const { state, workspace, args } = call;
  const channel = readableChannel(call);
  if (!channel.botIsMember) throw new SlackRefusalError('not_in_channel');
  const thread = textArgument(args, 'ts') ?? '';
  const all = state.messages.list({ team: workspace.teamId, channel: channel.id, thread });
  const [root, ...rest] = all;
  if (!root) throw new SlackRefusalError('thread_not_found');
  const { items, ...page } = pageOf([root, ...rest.filter(within(call))], call, 1000);
  const withMetadata = flagArgument(args, 'include_all_metadata');
  return { messages: items.map((one) => messageOnWire(one, one === root ? rest : [], withMetadata)), ...page };
};

const open: Method = ({ workspace, args }) => {
  const user = textArgument(args, 'users') ?? '';
  const channel = workspace.channels.find(
    (one) => one.kind === 'im' && (one.user === user || one.id === textArgument(args, 'channel')),
  );
  if (!channel) throw new SlackRefusalError('user_not_found');
  return { channel: flagArgument(args, 'return_im') ? channelOnWire(channel, workspace) : { id: channel.id } };
};

const addReaction: Method = (call) => {
  const name = textArgument(call.args, 'name');
  if (!name) throw new SlackRefusalError('no_reaction');
  if (!/^[a-z0-9_+'-]+(::skin-tone-[2-6])?$/.test(name)) throw new SlackRefusalError('invalid_name');
  const message = namedMessage(call, readableChannel(call), 'timestamp');
  if (!call.state.messages.react(message, name, call.workspace.botUserId))
    throw new SlackRefusalError('already_reacted');
  return {};
};

export const CONVERSATION_METHODS = {
  'conversations.info': info,
  'conversations.list': list,
  'users.conversations': ofUser,
  'conversations.history': history,
  'conversations.replies': replies,
  'conversations.open': open,
  'reactions.add': addReaction,
} satisfies Record<string, Method>;
