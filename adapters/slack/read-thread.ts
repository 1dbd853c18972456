import type { WebClient } from '@slack/web-api';
import { mentionedIn, quotedIn, readableSlackText, textOfBlocks } from '../../contracts/slack-text.ts';
import type { Thread, ThreadWords } from '../../domain/reports/slack-port.ts';

/** A thread longer than this is not read to its beginning: 1,000 messages are more than any request holds. */
const MAX_PAGES = 5;
const PAGE = 200;
/** Others keep their ids. */
const MAX_NAMES = 20;

type Replies = NonNullable<Awaited<ReturnType<WebClient['conversations']['replies']>>['messages']>;

/** What people and other apps have said in a thread, oldest first, with names for ids. Our own messages are left out. */
export async function readThread(
  client: WebClient,
  { channelId, threadTs }: Thread,
  { after, before }: { readonly after: string; readonly before: string },
): Promise<ThreadWords[]> {
  const { bot_id: ownBotId } = await client.auth.test();
  const found: Replies = [];
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const asked = { channel: channelId, ts: threadTs, oldest: after, latest: before, limit: PAGE, cursor };
    const { messages = [], response_metadata: next } = await client.conversations.replies(asked);
    found.push(...messages.filter(({ ts = '', bot_id: bot }) => ts > after && ts < before && bot !== ownBotId));
    cursor = next?.next_cursor;
    if (!cursor) break;
  }
  const names = await namesIn(client, found);
  return found.flatMap((message) => {
    const { ts = '', user = '', text = '', blocks, bot_profile: profile } = message;
    const words = text ? readableSlackText(text, names) : textOfBlocks(blocks, names);
    const by = names.get(user) ?? profile?.name ?? (user || undefined);
    const quoted = quotedIn(message, names).map((one) => ({ ts, by: one.by ?? by, text: one.text }));
    return [...(words.trim() ? [{ ts, by, text: words.trim() }] : []), ...quoted];
  });
}

async function namesIn(client: WebClient, messages: Replies): Promise<Map<string, string>> {
  const ids = messages.flatMap(({ user, text = '' }) => [...(user ? [user] : []), ...mentionedIn(text)]);
  const people = [...new Set(ids)].filter((id) => /^[UW]/.test(id)).slice(0, MAX_NAMES);
  const named = await Promise.all(
    people.map(async (user) => {
      const { user: found } = await client.users.info({ user }).catch(() => ({ user: undefined }));
      const name = found?.real_name ?? found?.name;
      return name ? ([[user, name]] as const) : [];
    }),
  );
  return new Map(named.flat());
}
