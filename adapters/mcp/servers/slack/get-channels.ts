import { z } from 'zod';
import { defineTool, ProviderError, READS, type ToolContext } from '../define.ts';
import { read, type SlackClient } from './client.ts';

/** `conversations.list` is a slow method (20 a minute): at most so many pages of 1,000 are looked through. */
const MAX_PAGES = 5;

/** The id of a channel that is named by id, name or person. @throws ProviderError */
export async function findChannel(client: SlackClient, named: string, context: ToolContext): Promise<string> {
  if (/^[CGD][A-Z0-9_]{2,}$/.test(named)) return named;
  if (/^[UW][A-Z0-9_]{2,}$/.test(named)) return directMessage(client, named, context);
  const name = named.replace(/^#/, '').toLowerCase();
  const seen: string[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const asked = { types: 'public_channel,private_channel', exclude_archived: true, limit: 1000, cursor };
    const { channels = [], response_metadata } = await read(context, () => client.conversations.list(asked));
    const found = channels.find((channel) => channel.name === name);
    if (found?.id) return found.id;
    seen.push(...channels.flatMap((channel) => channel.name ?? []));
    cursor = response_metadata?.next_cursor;
    if (!cursor) break;
  }
  const alike = seen.filter((one) => one.includes(name) || name.includes(one));
  const shown = (alike.length > 0 ? alike : seen).slice(0, 10).map((one) => `#${one}`);
  throw new ProviderError(
    'refused',
    `There is no channel #${name} that the app can see. There are: ${shown.join(', ') || 'none'}. A private channel has to invite the app first.`,
  );
}

async function directMessage(client: SlackClient, user: string, context: ToolContext): Promise<string> {
  const { channel } = await read(context, () => client.conversations.open({ users: user }));
  if (!channel?.id) throw new ProviderError('refused', `Slack opens no direct message with ${user}.`);
  return channel.id;
}

const Channel = z.object({
  id: z.string().describe('What the other tools take as channel.'),
  name: z.string(),
  isPrivate: z.boolean(),
  isMember: z.boolean().describe('Whether the app is in it, and so may write there.'),
  topic: z.string(),
  members: z.number().int().optional().describe('How many people are in it.'),
});

/** `conversations.list`, a page at a time. */
export const getChannels = defineTool<SlackClient>()({
  name: 'getChannels',
  title: 'List channels',
  description:
    'Lists channels of the Slack workspace that the app can see, optionally those whose name contains a word.',
  input: z.strictObject({
    query: z.string().max(80).optional().describe('Only channels whose name contains this.'),
    includePrivate: z.boolean().default(false).describe('Also private channels that the app is in.'),
    limit: z.number().int().min(1).max(200).default(100).describe('Channels to look at per page.'),
    cursor: z.string().max(500).optional().describe('The nextCursor of the page before.'),
  }),
  output: z.object({
    channels: z.array(Channel),
    nextCursor: z.string().optional().describe('There is more: ask again with it as cursor.'),
  }),
  annotations: READS,
  async run(client, { query = '', includePrivate, limit, cursor }, context) {
    const types = includePrivate ? 'public_channel,private_channel' : 'public_channel';
    const asked = { types, exclude_archived: true, limit, ...(cursor ? { cursor } : {}) };
    const { channels = [], response_metadata } = await read(context, () => client.conversations.list(asked));
    const wanted = query.replace(/^#/, '').toLowerCase();
    return {
      channels: channels
        .filter(({ name = '' }) => name.toLowerCase().includes(wanted))
        .map(({ id = '', name = '', is_private, is_member, topic, num_members }) => ({
          id,
          name,
          isPrivate: is_private ?? false,
          isMember: is_member ?? false,
          topic: topic?.value ?? '',
          ...(num_members === undefined ? {} : { members: num_members }),
        })),
      ...(response_metadata?.next_cursor ? { nextCursor: response_metadata.next_cursor } : {}),
    };
  },
});
