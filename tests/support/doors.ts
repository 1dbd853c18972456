// Stories that are recorded outside of the tests' runner use this file too.
import assert from 'node:assert/strict';
import type { SlackMessage } from '../../dev/fakes/slack/types.ts';
import type { Nubabel } from './nubabel.ts';

export { json } from './json.ts';

export const ORCHESTRATE = '/api/orchestrator/orchestrate';

/** Expects an RFC 9457 problem that tells nothing of the insides; answers it. */
export async function expectProblem(response: Response, status: number): Promise<Record<string, unknown>> {
  const text = await response.text();
  assert.equal(response.status, status, text);
  assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/);
  const problem = JSON.parse(text) as Record<string, unknown>;
  assert.match(problem['type'] as string, /^\/problems\/[a-z-]+$/);
  assert.equal(problem['status'], status);
  for (const field of ['title', 'detail', 'requestId']) assert.ok(problem[field], field);
  assert.doesNotMatch(text, /\bat \S+ \(|node_modules|\.ts:\d|stack/);
  return problem;
}

/** How much has been accepted: rows that only an accepted request writes. */
export async function accepted(nubabel: Nubabel): Promise<{ inbox: number; jobs: number; sessions: number }> {
  const [row] = await nubabel.database.look<{ inbox: number; jobs: number; sessions: number }>(
    `select (select count(*)::int from inbox) as inbox, (select count(*)::int from orchestrations) as jobs,
      (select count(*)::int from sessions) as sessions`,
  );
  return row ?? { inbox: -1, jobs: -1, sessions: -1 };
}

const FINAL = /^(✅|❌|⚠️)/u;

/** What the bot has said in a thread. */
export const botMessages = (nubabel: Nubabel, channel: string, thread: string): SlackMessage[] =>
  nubabel.slack.messages({ channel, thread }).filter(({ bot_id }) => bot_id);

/** The bot's message of a thread once it shows an end. */
export const finalMessage = (
  nubabel: Nubabel,
  channel: string,
  thread: string,
  withinMs = 30_000,
): Promise<SlackMessage> =>
  nubabel.slack.waitForMessage(
    { channel, thread, where: ({ bot_id, text }) => bot_id !== undefined && FINAL.test(text) },
    withinMs,
  );

/** All that a message shows to people: its text and the words of its blocks. */
export const wordsOf = ({ text, blocks }: Pick<SlackMessage, 'text' | 'blocks'>): string =>
  `${text}\n${JSON.stringify(blocks)}`;
