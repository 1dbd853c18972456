import { z } from 'zod';
import { READS, defineTool } from '../define.ts';
import { type SlackClient, read } from './client.ts';

const User = z.object({
  id: z.string().describe('Write <@id> in a text to mention the person.'),
  name: z.string(),
  realName: z.string(),
  email: z.string().optional(),
  timezone: z.string().optional(),
  isBot: z.boolean(),
  isGuest: z.boolean(),
});

/** `users.list`, a page at a time. */
export const getUsers = defineTool<SlackClient>()({
  name: 'getUsers',
  title: 'List people',
  description: 'Lists people of the Slack workspace, optionally those whose name or email contains a word.',
  input: z.strictObject({
    query: z.string().max(80).optional().describe('Only people whose name, real name or email contains this.'),
    includeBots: z.boolean().default(false).describe('Also apps and bots.'),
    limit: z.number().int().min(1).max(200).default(100).describe('People to look at per page.'),
    cursor: z.string().max(500).optional().describe('The nextCursor of the page before.'),
  }),
  output: z.object({
    users: z.array(User),
    nextCursor: z.string().optional().describe('There is more: ask again with it as cursor.'),
  }),
  annotations: READS,
  async run(client, { query = '', includeBots, limit, cursor }, context) {
    const asked = { limit, ...(cursor ? { cursor } : {}) };
    const { members = [], response_metadata } = await read(context, () => client.users.list(asked));
    const wanted = query.replace(/^@/, '').toLowerCase();
    return {
      users: members
        .filter(({ deleted, is_bot, id }) => !deleted && (includeBots || !(is_bot || id === 'USLACKBOT')))
        .map(({ id = '', name = '', real_name, profile, tz, is_bot, is_restricted }) => ({
          id,
          name,
          realName: real_name ?? profile?.real_name ?? name,
          ...(profile?.email ? { email: profile.email } : {}),
          ...(tz ? { timezone: tz } : {}),
          isBot: is_bot ?? false,
          isGuest: is_restricted ?? false,
        }))
        .filter(({ name, realName, email = '' }) =>
          [name, realName, email].some((text) => text.toLowerCase().includes(wanted)),
        ),
      ...(response_metadata?.next_cursor ? { nextCursor: response_metadata.next_cursor } : {}),
    };
  },
});
