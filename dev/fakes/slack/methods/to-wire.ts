import type { SlackChannel, SlackMessage, SlackUser, SlackWorkspace } from '../types.ts';

/** A message as the Web API shows it. */
export function messageOnWire(message: SlackMessage, replies: readonly SlackMessage[] = [], withMetadata = false) {
  const { ts, user, text, blocks, team, bot_id, app_id, client_msg_id, edited, reactions, metadata } = message;
  const { attachments, files, subtype } = message;
  const isRoot = replies.length > 0;
  const thread_ts = message.thread_ts ?? (isRoot ? ts : undefined);
  return {
    type: 'message',
    user,
    ts,
    text,
    team,
    ...(subtype ? { subtype, hidden: true } : {}),
    ...(blocks.length > 0 ? { blocks } : {}),
    ...(attachments ? { attachments } : {}),
    ...(files ? { files } : {}),
    ...(bot_id ? { bot_id, app_id, bot_profile: { id: bot_id, app_id, team_id: team, deleted: false } } : {}),
    ...(client_msg_id ? { client_msg_id } : {}),
    ...(thread_ts ? { thread_ts } : {}),
    ...(isRoot
      ? {
          reply_count: replies.length,
          latest_reply: replies.at(-1)?.ts,
          reply_users: [...new Set(replies.map(({ user }) => user))],
        }
      : {}),
    ...(edited ? { edited } : {}),
    ...(reactions.length > 0 ? { reactions: reactions.map((one) => ({ ...one, count: one.users.length })) } : {}),
    ...(withMetadata && metadata ? { metadata } : {}),
  };
}

export function userOnWire(user: SlackUser, { teamId }: SlackWorkspace, withLocale: boolean) {
  const isGuest = user.isGuest ?? false;
  return {
    id: user.id,
    team_id: user.teamId ?? teamId,
    ...(user.isStranger && { is_stranger: true }),
    name: user.name,
    real_name: user.realName,
    deleted: user.deleted ?? false,
    tz: user.timezone ?? 'America/Los_Angeles',
    is_admin: user.isAdmin ?? false,
    is_owner: user.isOwner ?? false,
    is_primary_owner: false,
    is_restricted: isGuest,
    is_ultra_restricted: false,
    is_bot: user.isBot ?? false,
    is_app_user: false,
    updated: 1_700_000_000,
    profile: {
      real_name: user.realName,
      display_name: user.name,
      team: teamId,
      ...(user.email ? { email: user.email } : {}),
    },
    ...(withLocale ? { locale: user.locale } : {}),
  };
}

export function channelOnWire(channel: SlackChannel, { teamId }: SlackWorkspace) {
  const common = {
    id: channel.id,
    created: 1_700_000_000,
    is_archived: channel.archived ?? false,
    context_team_id: teamId,
  };
  if (channel.kind === 'im') return { ...common, is_im: true, user: channel.user, is_user_deleted: false };
  return {
    ...common,
    name: channel.name,
    name_normalized: channel.name,
    is_channel: channel.kind === 'channel',
    is_group: channel.kind === 'group',
    is_im: false,
    is_mpim: false,
    is_private: channel.kind === 'group',
    is_general: channel.name === 'general',
    is_member: channel.botIsMember,
    is_shared: false,
    is_ext_shared: false,
    topic: { value: '', creator: '', last_set: 0 },
    purpose: { value: '', creator: '', last_set: 0 },
  };
}
