import { ProviderError, type ToolContext } from '../define.ts';
import type { SlackClient } from './client.ts';
import { read } from './failures.ts';

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
