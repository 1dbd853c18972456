import { randomUUID } from 'node:crypto';
import type { SlackMessage } from '../../dev/fakes/slack/index.ts';
import type { Responder } from '../../dev/fakes/model/index.ts';
import { botMessages, wordsOf } from './doors.ts';
import { eventually } from './eventually.ts';
import type { Nubabel } from './nubabel.ts';
import { analysisReply, askerOf } from './replies.ts';

export const CHANNEL = 'C_LAUNCH';
const BOT = 'UNUBABEL';
/** What Slack says when it repeats an event. */
const AGAIN = { headers: { 'x-slack-retry-num': '1', 'x-slack-retry-reason': 'http_timeout' } };

export interface Words {
  readonly text: string;
  readonly user?: string;
  readonly thread?: string;
  /** A mention comes as two events, a reply as one. */
  readonly mention?: boolean;
}

let last = 0;
/** A message's name, as Slack gives each its own. */
const nextTs = (): string => {
  last = Math.max(last + 1, Date.now());
  return `${Math.floor(last / 1_000)}.${String(last % 1_000).padStart(3, '0')}000`;
};

/** The events of one message, as Slack delivers them. */
export function eventsOf({ text, user = 'U_ADA', thread, mention = false }: Words, ts = nextTs()) {
  const said = { user, channel: CHANNEL, ts, text: mention ? `<@${BOT}> ${text}` : text };
  const where = thread === undefined ? {} : { thread_ts: thread };
  const envelope = (event: Record<string, unknown>) => ({
    type: 'event_callback',
    team_id: 'TDEMO',
    event_id: `Ev${randomUUID()}`,
    authorizations: [{ team_id: 'TDEMO', user_id: BOT, is_bot: true }],
    event: { ...said, ...where, ...event },
  });
  const message = envelope({ type: 'message', channel_type: 'channel' });
  return { ts, events: mention ? [envelope({ type: 'app_mention' }), message] : [message] };
}

/** Somebody says something, and each of its events comes this often, all at once; answers the message's ts. */
export async function hears(nubabel: Nubabel, words: Words, times = 4): Promise<string> {
  const { ts, events } = eventsOf(words);
  const all = Array.from({ length: times }, (_, nth) => events.map((event) => ({ event, nth }))).flat();
  await Promise.all(all.map(({ event, nth }) => nubabel.slack.deliver(event, nth > 0 ? AGAIN : {})));
  return ts;
}

/** The one message of a thread once it shows this. */
export const shows = (nubabel: Nubabel, thread: string, what: RegExp, withinMs = 30_000): Promise<SlackMessage> =>
  eventually(
    `${what} in the thread`,
    () => botMessages(nubabel, CHANNEL, thread).find((message) => what.test(wordsOf(message))),
    withinMs,
  ).catch((error: unknown) => {
    const seen = botMessages(nubabel, CHANNEL, thread).map(wordsOf).join('\n---\n');
    throw new Error(`${String(error)}\n${seen}`);
  });

/** A message's words as people see them: texts of its blocks, without their frames. */
export const linesOf = ({ blocks }: Pick<SlackMessage, 'blocks'>): string =>
  blocks.map((block) => textIn(block)).join('\n');

function textIn(part: unknown): string {
  if (typeof part !== 'object' || part === null) return '';
  if ('text' in part && typeof part.text === 'string') return part.text;
  return Object.values(part)
    .map((one: unknown) => (Array.isArray(one) ? one.map(textIn).join('\n') : textIn(one)))
    .filter(Boolean)
    .join('\n');
}

/** What somebody was told quietly. */
export const whispersTo = (nubabel: Nubabel, user: string): string[] =>
  nubabel.slack.ephemerals.filter((one) => one.user === user).map(({ text }) => text);

export const jobsIn = (nubabel: Nubabel, thread: string): Promise<{ id: string; status: string }[]> =>
  nubabel.database.look('select id, status from orchestrations where slack_thread_ts = $1 order by created_at', [
    thread,
  ]);

export const jobOf = (nubabel: Nubabel, thread: string): Promise<string> =>
  eventually('the job of the thread', async () => (await jobsIn(nubabel, thread))[0]?.id);

/** A model whose Ops says this, and whose analysis gives every request to Ops. */
export const opsSays =
  (language: 'en' | 'ko', say: Responder): Responder =>
  (request) =>
    askerOf(request) === 'analysis'
      ? analysisReply({ agents: [{ agent: 'ops', relevance: 1 }], language })
      : say(request);
