import type { SlackChannel, SlackUser, SlackWorkspace } from './types.ts';

const BOT: SlackUser = { id: 'UNUBABEL', name: 'nubabel', realName: 'Nubabel', locale: 'en-US', isBot: true };

const PEOPLE: readonly SlackUser[] = [
  {
    id: 'U_ADA',
    name: 'ada',
    realName: 'Ada Lovelace',
    locale: 'en-US',
    email: 'ada@example.com',
    timezone: 'America/New_York',
    isAdmin: true,
  },
  {
    id: 'U_MINSU',
    name: 'minsu',
    realName: '김민수',
    locale: 'ko-KR',
    email: 'minsu@example.com',
    timezone: 'Asia/Seoul',
  },
  {
    id: 'U_GRACE',
    name: 'grace',
    realName: 'Grace Hopper',
    locale: 'en-US',
    email: 'grace@example.com',
    timezone: 'America/New_York',
    isGuest: true,
  },
  {
    id: 'U_LINUS',
    name: 'linus',
    realName: 'Linus Pauling',
    locale: 'en-GB',
    email: 'linus@example.com',
    timezone: 'Europe/London',
  },
];

const CHANNELS: readonly SlackChannel[] = [
  { id: 'C_GENERAL', name: 'general', kind: 'channel', botIsMember: true },
  { id: 'C_LAUNCH', name: 'launch', kind: 'channel', botIsMember: true },
  { id: 'C_RANDOM', name: 'random', kind: 'channel', botIsMember: false },
  { id: 'C_ARCHIVE', name: 'archive', kind: 'channel', botIsMember: true, archived: true },
  { id: 'D_ADA', name: 'ada', kind: 'im', user: 'U_ADA', botIsMember: true },
  { id: 'D_MINSU', name: 'minsu', kind: 'im', user: 'U_MINSU', botIsMember: true },
  { id: 'D_GRACE', name: 'grace', kind: 'im', user: 'U_GRACE', botIsMember: true },
  { id: 'D_LINUS', name: 'linus', kind: 'im', user: 'U_LINUS', botIsMember: true },
];

/** The seeded workspace; several workspaces need different `teamId` and `botToken`. */
export const demoWorkspace = (changes: Partial<SlackWorkspace> = {}): SlackWorkspace => ({
  teamId: 'TDEMO',
  name: 'Nubabel Demo',
  domain: 'nubabel-demo',
  botToken: 'xoxb-demo',
  botUserId: BOT.id,
  botId: 'BNUBABEL',
  appId: 'ANUBABEL',
  users: [...PEOPLE, BOT],
  channels: CHANNELS,
  ...changes,
});
