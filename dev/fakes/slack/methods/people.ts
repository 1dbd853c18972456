import { flagArgument, textArgument } from '../arguments.ts';
import { SlackRefusalError } from '../errors.ts';
import type { Method } from '../state.ts';
import { pageOf } from './paging.ts';
import { userOnWire } from './to-wire.ts';

const authTest: Method = ({ workspace }) => ({
  url: `https://${workspace.domain}.slack.com/`,
  team: workspace.name,
  team_id: workspace.teamId,
  user: workspace.users.find(({ id }) => id === workspace.botUserId)?.name ?? 'bot',
  user_id: workspace.botUserId,
  bot_id: workspace.botId,
  app_id: workspace.appId,
  is_enterprise_install: false,
  ...(workspace.enterpriseId ? { enterprise_id: workspace.enterpriseId } : {}),
});

const userInfo: Method = ({ state, workspace, args }) => {
  const user = workspace.users.find(({ id }) => id === textArgument(args, 'user'));
  if (!user) throw new SlackRefusalError('user_not_found');
  const now = { ...user, ...state.changedUsers.get(user.id) };
  return { user: userOnWire(now, workspace, flagArgument(args, 'include_locale')) };
};

const listUsers: Method = (call) => {
  const { workspace, args } = call;
  const { items, response_metadata } = pageOf(workspace.users, call, 1000);
  return {
    members: items.map((user) => userOnWire(user, workspace, flagArgument(args, 'include_locale'))),
    cache_ts: Math.floor(Date.now() / 1000),
    response_metadata,
  };
};

const teamInfo: Method = ({ workspace }) => ({
  team: { id: workspace.teamId, name: workspace.name, domain: workspace.domain, email_domain: '', icon: {} },
});

const openConnection: Method = ({ state }) => ({ url: state.socketUrl });

export const PEOPLE_METHODS = {
  'auth.test': authTest,
  'users.info': userInfo,
  'users.list': listUsers,
  'team.info': teamInfo,
  'apps.connections.open': openConnection,
} satisfies Record<string, Method>;
