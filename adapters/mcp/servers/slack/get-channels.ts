import { z } from 'zod';
import { READS } from '../annotations.ts';
import { defineTool } from '../define.ts';
import type { SlackClient } from './client.ts';
import { read } from './failures.ts';

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
