import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { signSlackRequest } from '../../dev/fakes/slack/index.ts';
import { json } from '../support/json.ts';
import { oddRequests, type Description, type Odd } from '../support/every-field.ts';
import { startSharedNubabel, type Nubabel } from '../support/nubabel.ts';

/** Generated from what the API says of itself: whatever is in whatever field, it is no fault of the server. */
let nubabel: Nubabel;
let description: Description;
beforeAll(async () => {
  nubabel = await startSharedNubabel({ slack: { limits: 'off' } });
  description = (await (await fetch(`${nubabel.url}/openapi.json`)).json()) as Description;
}, 60_000);
afterAll(() => nubabel?.close());

/** Streams never end by themselves: their status is all there is to see. */
async function statusOf({ path, query, method, headers, body }: Odd): Promise<number> {
  const stop = new AbortController();
  const answer = await nubabel.request(`${path}${query === undefined ? '' : `?${query}`}`, {
    method,
    signal: stop.signal,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && method !== 'GET' && { body }),
  });
  const isStream = answer.headers.get('content-type')?.startsWith('text/event-stream');
  if (isStream) stop.abort();
  else await answer.arrayBuffer();
  return answer.status;
}

describe('every route', () => {
  it('answers every value in every field without a fault of the server', async () => {
    const { jobId, sessionId } = await nubabel.ask('A job to read', { agents: ['ops'] });
    await nubabel.ended(jobId);
    const connection = { provider: 'custom', name: 'Odd', url: 'https://127.0.0.1:9/mcp', auth: { kind: 'none' } };
    const made = (await (await nubabel.request('/api/connections', json(connection))).json()) as { id?: string };
    const ids = {
      jobId,
      sessionId,
      connectionId: made.id ?? randomUUID(),
      skillName: 'a-skill',
      name: 'notion__getTasks',
    };
    const faults: string[] = [];
    let sent = 0;
    const queue = oddRequests(description, ids);
    const worker = async () => {
      for (const odd of queue) {
        sent++;
        const status = await statusOf(odd);
        if (status >= 500) faults.push(`${status} ${odd.method} ${odd.path.slice(0, 80)}: ${odd.what}`);
      }
    };
    await Promise.all([worker(), worker(), worker(), worker()]);
    expect(faults).toEqual([]);
    expect(sent).toBeGreaterThan(1_500);
    expect((await nubabel.request('/health/live')).status).toBe(200);
  }, 300_000);

  it('refuses a query parameter that it does not describe, and names those that it does', async () => {
    for (const [template, { get }] of Object.entries(description.paths)) {
      if (!get) continue;
      const path = template.replaceAll(/\{\w+\}/g, 'x');
      const answer = await nubabel.request(`${path}?colour=red`);
      expect([path, answer.status]).toEqual([path, 400]);
      const { detail } = (await answer.json()) as { detail: string };
      expect(detail).toMatch(/^colour: is not known/);
      for (const { name } of (get.parameters ?? []).filter((parameter) => parameter.in === 'query'))
        expect(detail).toContain(name);
    }
  });

  it('and every answer of the API, errors too, is kept by nobody', async () => {
    for (const [template, operations] of Object.entries(description.paths))
      for (const method of Object.keys(operations)) {
        if (!template.startsWith('/api/')) continue;
        const stop = new AbortController();
        const answer = await nubabel.request(template.replaceAll(/\{\w+\}/g, 'x'), {
          method: method.toUpperCase(),
          signal: stop.signal,
        });
        expect([template, answer.headers.get('cache-control')]).toEqual([template, 'no-store']);
        stop.abort();
      }
    for (const path of ['/api/nothing', '/api/slack/events'])
      expect((await fetch(`${nubabel.url}${path}`)).headers.get('cache-control')).toBe('no-store');
  });

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', 'nothing'])(
    'has no page of the reference that is called %s',
    async (name) => expect((await fetch(`${nubabel.url}/docs/${name}`)).status).toBe(404),
  );
});

const ODD: readonly unknown[] = [
  'a\u0000b',
  '\ud800',
  '',
  'constructor',
  '__proto__',
  'X'.repeat(20_000),
  7,
  null,
  true,
  [],
  [null],
  {},
  { id: null },
  { id: 'a\u0000b' },
];

const EVENT = {
  type: 'app_mention',
  user: 'U_ADA',
  channel: 'C_LAUNCH',
  text: '<@UNUBABEL> hello',
  ts: '1700000000.1',
  thread_ts: '1700000000.1',
  channel_type: 'channel',
  subtype: undefined,
  bot_id: undefined,
  item: undefined,
  subteam: undefined,
};
const EVENT_CALLBACK = {
  type: 'event_callback',
  team_id: 'TDEMO',
  event_id: 'Ev1',
  enterprise_id: undefined,
  is_enterprise_install: false,
  authorizations: [{ team_id: 'TDEMO' }],
  response_url: undefined,
  response_urls: undefined,
  function_data: undefined,
  event: EVENT,
};
const PRESSED = { type: 'button', action_id: 'ask_again', value: randomUUID(), action_ts: '1.2' };
const BLOCK_ACTIONS = {
  type: 'block_actions',
  team: { id: 'TDEMO' },
  user: { id: 'U_ADA', team_id: 'TDEMO' },
  channel: { id: 'C_LAUNCH' },
  enterprise: undefined,
  message: { ts: '1.1' },
  container: { message_ts: '1.1', thread_ts: '1.1' },
  actions: [PRESSED],
};
const VIEW = { type: 'view_submission', user: { id: 'U_ADA' }, team: { id: 'TDEMO' }, view: { callback_id: 'x' } };
const COMMAND = { command: '/nubabel', team_id: 'TDEMO', user_id: 'U_ADA', channel_id: 'C_LAUNCH', text: 'hi' };

/** A delivery with each odd value in each of its fields, and without each of them. */
function* oddOnes(whole: Record<string, unknown>): Generator<Record<string, unknown>> {
  for (const name of Object.keys(whole)) {
    for (const value of ODD) yield { ...whole, [name]: value };
    yield Object.fromEntries(Object.entries(whole).filter(([each]) => each !== name));
  }
}

const post = (delivery: unknown) => {
  const [body, at] = [JSON.stringify(delivery), Math.floor(Date.now() / 1_000)];
  return fetch(`${nubabel.url}/api/slack/events`, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      'x-slack-request-timestamp': String(at),
      'x-slack-signature': signSlackRequest(nubabel.slack.signingSecret, at, body),
    },
  });
};

describe('a signed delivery of Slack', () => {
  it.each<[string, () => Generator<Record<string, unknown>>]>([
    ['an envelope', () => oddOnes(EVENT_CALLBACK)],
    [
      'a mention',
      () => mapped(oddOnes(EVENT), (event) => ({ ...EVENT_CALLBACK, event, event_id: `Ev${randomUUID()}` })),
    ],
    [
      'a message',
      () =>
        mapped(oddOnes({ ...EVENT, type: 'message' }), (event) => ({
          ...EVENT_CALLBACK,
          event,
          event_id: `Ev${randomUUID()}`,
        })),
    ],
    ['a pressed button', () => oddOnes(BLOCK_ACTIONS)],
    ['a press', () => mapped(oddOnes(PRESSED), (action) => ({ ...BLOCK_ACTIONS, actions: [action] }))],
    ['a sent form', () => oddOnes(VIEW)],
    ['a command', () => oddOnes(COMMAND)],
  ])('is no fault of the server, whatever stands in whatever field of %s', async (_, odd) => {
    const faults: string[] = [];
    for (const delivery of odd()) {
      const { status } = await post(delivery);
      if (status >= 500) faults.push(`${status} ${JSON.stringify(delivery).slice(0, 300)}`);
    }
    expect(faults).toEqual([]);
  });

  it('whose first authorization is empty is heard all the same', async () => {
    const ts = `${Math.floor(Date.now() / 1_000)}.77`;
    const event = { ...EVENT, ts, thread_ts: ts, text: '<@UNUBABEL> hello without authorizations' };
    expect((await post({ ...EVENT_CALLBACK, authorizations: [null], event_id: 'EvNull', event })).status).toBe(200);
    const jobs = await nubabel.database.look(`select id from orchestrations where slack_thread_ts = '${ts}'`);
    expect(jobs).toHaveLength(1);
  });
});

function* mapped<A, B>(all: Iterable<A>, to: (one: A) => B): Generator<B> {
  for (const one of all) yield to(one);
}
