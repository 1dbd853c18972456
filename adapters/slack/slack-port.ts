import {
  WebAPIPlatformError,
  WebAPIRateLimitedError,
  type KnownBlock,
  WebClient,
  LogLevel,
  type Logger,
} from '@slack/web-api';
import { slackWaitMsIn } from '../retry-after.ts';
import { mentionedIn, quotedIn, readableSlackText, textOfBlocks } from '../../contracts/slack-text.ts';
import {
  SlackCallError,
  type DirectNotice,
  type LostPlace,
  type SlackMessage,
  type SlackPort,
  type Thread,
  type ThreadWords,
} from '../../domain/reports/slack-port.ts';

interface SlackClientSettings {
  readonly token: string;
  /** Another server that speaks Slack's Web API, for example `http://127.0.0.1:4020/api/`. */
  readonly apiUrl: string | undefined;
}

const nothing = () => {};
/** Its lines would stand as plain text, with texts of messages, between ours; what matters comes as an error. */
export const SILENT: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  setLevel: nothing,
  getLevel: () => LogLevel.ERROR,
  setName: nothing,
};

/** A client that never waits or retries by itself: Temporal does both, with our own bucket before it. */
export const createSlackClient = ({ token, apiUrl }: SlackClientSettings): WebClient =>
  new WebClient(token, {
    ...(apiUrl && { slackApiUrl: apiUrl.endsWith('/') ? apiUrl : `${apiUrl}/` }),
    allowAbsoluteUrls: false,
    rejectRateLimitedCalls: true,
    retryConfig: { retries: 0 },
    timeout: 10_000,
    logger: SILENT,
  });

/** The type under which our messages carry the orchestration they report. */
const EVENT_TYPE = 'nubabel_orchestration';

/** Errors after which the message cannot be changed any more. */
const GONE = ['cant_update_message', 'edit_window_closed'];
/** Errors after which nothing can be written in that place again, and why. */
const LOST: Readonly<Record<string, LostPlace>> = {
  is_archived: 'archived',
  not_in_channel: 'removed',
  channel_not_found: 'removed',
  message_not_found: 'deleted',
};
/** What is wrong is only the layout. */
const BLOCK_ERRORS = ['invalid_blocks', 'invalid_blocks_format', 'msg_blocks_too_long'];
/** Faults on Slack's side: the call may be tried again. */
const TRANSIENT = ['internal_error', 'fatal_error', 'service_unavailable', 'request_timeout', 'team_added_to_org'];

/**
 * No previews of links, and no names or channels found in the text: `chat.update` would read it as a person's client does
 * (docs.slack.dev, chat.update: `parse` is "client" unless told).
 */
const AS_WRITTEN = { unfurl_links: false, unfurl_media: false, parse: 'none', link_names: false } as const;

/** Reporting over Slack's Web API. */
export function createSlackPort(client: WebClient): SlackPort {
  return {
    post: (thread, message, marker) =>
      withPlainText(message, async ({ text, blocks }) => {
        const answer = await client.chat.postMessage({
          channel: thread.channelId,
          thread_ts: thread.threadTs,
          text,
          blocks: toBlocks(blocks),
          ...AS_WRITTEN,
          metadata: metadataOf(marker),
        });
        if (!answer.ts) throw new SlackCallError('unknown', 'Slack answered without a message timestamp.');
        return answer.ts;
      }),
    update: (channel, ts, message) =>
      withPlainText(message, async ({ text, blocks }) => {
        await client.chat.update({ channel, ts, text, blocks: toBlocks(blocks), ...AS_WRITTEN });
      }),
    sayDirectly: (users, notice) => translated(() => sayDirectly(client, users, notice)),
    findPosted: (thread, marker) => translated(() => findInThread(client, thread, marker)),
    readThread: (thread, range) => translated(() => readThread(client, thread, range)),
  };
}

/** What renders a message creates Slack's blocks; the domain in between does not know their type. */
const toBlocks = (blocks: SlackMessage['blocks']): KnownBlock[] => [...blocks] as KnownBlock[];

const metadataOf = (marker: string) => ({ event_type: EVENT_TYPE, event_payload: { orchestration_id: marker } });

async function sayDirectly(client: WebClient, users: string, notice: DirectNotice): Promise<Thread> {
  const { channel } = await client.conversations.open({ users });
  if (!channel?.id) throw new SlackCallError('unknown', 'Slack opened no direct message.');
  const found = notice.mayBeThere ? await findLatest(client, channel.id, notice.marker) : undefined;
  if (found) return { channelId: channel.id, threadTs: found };
  const said = { channel: channel.id, text: notice.text, metadata: metadataOf(notice.marker) };
  const { ts } = await client.chat.postMessage({ ...said, ...AS_WRITTEN });
  if (!ts) throw new SlackCallError('unknown', 'Slack answered without a message timestamp.');
  return { channelId: channel.id, threadTs: ts };
}

/** Among the newest messages of a conversation: what is looked for was said minutes ago, if at all. */
async function findLatest(client: WebClient, channel: string, marker: string): Promise<string | undefined> {
  const { messages = [] } = await client.conversations.history({ channel, include_all_metadata: true, limit: PAGE });
  return messages.find((message) => markerOf(message.metadata) === marker)?.ts;
}

/** A thread longer than this is not searched to its end. */
const MAX_PAGES = 20;
const PAGE = 200;

async function findInThread(client: WebClient, thread: Thread, marker: string): Promise<string | undefined> {
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const { messages = [], response_metadata: next } = await client.conversations.replies({
      channel: thread.channelId,
      ts: thread.threadTs,
      include_all_metadata: true,
      limit: PAGE,
      ...(cursor && { cursor }),
    });
    const found = messages.find((message) => markerOf(message.metadata) === marker)?.ts;
    if (found || !next?.next_cursor) return found;
    cursor = next.next_cursor;
  }
  return undefined;
}

function markerOf(metadata: { event_type?: string; event_payload?: unknown } | undefined): unknown {
  const payload = metadata?.event_type === EVENT_TYPE ? metadata.event_payload : undefined;
  return payload && typeof payload === 'object' && 'orchestration_id' in payload ? payload.orchestration_id : undefined;
}

/** A thread longer than this is not read to its beginning: 1,000 messages are more than any request holds. */
const MAX_READ_PAGES = 5;
/** Others keep their ids. */
const MAX_NAMES = 20;

type Replies = NonNullable<Awaited<ReturnType<WebClient['conversations']['replies']>>['messages']>;

/** What people and other apps have said in a thread, oldest first, with names for ids. Our own messages are left out. */
async function readThread(
  client: WebClient,
  { channelId, threadTs }: Thread,
  { after, before }: { readonly after: string; readonly before: string },
): Promise<ThreadWords[]> {
  const { bot_id: ownBotId } = await client.auth.test();
  const found: Replies = [];
  let cursor: string | undefined;
  for (let page = 0; page < MAX_READ_PAGES; page++) {
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

/** Slack refuses a whole message for one block it does not like; then its text alone is better than nothing. */
async function withPlainText<T>(message: SlackMessage, call: (message: SlackMessage) => Promise<T>): Promise<T> {
  try {
    return await call(message);
  } catch (error) {
    const blocksRefused = error instanceof WebAPIPlatformError && BLOCK_ERRORS.includes(String(error.data.error));
    if (!blocksRefused) throw toSlackCallError(error);
    return translated(() => call({ text: message.text, blocks: [] }));
  }
}

async function translated<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw toSlackCallError(error);
  }
}

/** When Slack does not say when to come back. */
const RETRY_AFTER_SECONDS = 30;

const rateLimited = (seconds: number, cause: Error): SlackCallError =>
  new SlackCallError('rate_limited', `Slack rate limited; retry after ${seconds} s.`, seconds * 1_000, { cause });

/** The one translator of Slack's errors. */
export function toSlackCallError(error: unknown): unknown {
  if (error instanceof WebAPIRateLimitedError) return rateLimited(error.retryAfter, error);
  const waitMs = slackWaitMsIn(error, RETRY_AFTER_SECONDS * 1_000);
  if (waitMs !== undefined && error instanceof Error) return rateLimited(Math.ceil(waitMs / 1_000), error);
  if (error instanceof WebAPIPlatformError) {
    const code = String(error.data.error);
    if (code === 'ratelimited') return rateLimited(RETRY_AFTER_SECONDS, error);
    const lost = Object.hasOwn(LOST, code) ? LOST[code] : undefined;
    if (lost) return new SlackCallError('lost', `Slack refused: ${code}.`, 0, { cause: error, lost });
    if (TRANSIENT.includes(code)) return new SlackCallError('unknown', `Slack answered ${code}.`, 0, { cause: error });
    return new SlackCallError(GONE.includes(code) ? 'gone' : 'refused', `Slack refused: ${code}.`, 0, { cause: error });
  }
  return error instanceof SlackCallError || !(error instanceof Error)
    ? error
    : new SlackCallError('unknown', `Slack could not be reached: ${error.message.slice(0, 200)}`, 0, { cause: error });
}
