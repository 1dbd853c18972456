import { afterEach, describe, expect, it } from '@jest/globals';
import type { UndoLoss } from '../../../../contracts/effects.ts';
import type { AuthorizedProviderClient } from '../../../../adapters/mcp/host/authorized-provider-client.ts';
import { createProviderEffects } from '../../../../adapters/mcp/host/provider-effects.ts';
import type { Provider } from '../../../../adapters/mcp/servers/define.ts';
import { github } from '../../../../adapters/mcp/servers/github/index.ts';
import { jira } from '../../../../adapters/mcp/servers/jira/index.ts';
import { linear } from '../../../../adapters/mcp/servers/linear/index.ts';
import { sentry } from '../../../../adapters/mcp/servers/sentry/index.ts';
import { slack } from '../../../../adapters/mcp/servers/slack/index.ts';
import { createFakeJira, DEMO_JIRA_USER } from '../../../fakes/jira/index.ts';
import { openProvider } from './tools.ts';

/** Only "not there" means that an undo loses nothing: who may not look asks a person, and nothing is deleted unseen. */
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});
const closing = <Fake extends { close(): Promise<void> }>(fake: Fake): Fake => {
  closers.push(() => fake.close());
  return fake;
};

describe('A look before an undo that does not see', () => {
  const refused = (status: number) => Response.json({ errorMessages: ['No.'] }, { status });
  /** A Jira whose looks are answered with `status`, the host's way over it, and what it sent to change something. */
  async function jiraThatLooks(status: number) {
    const fake = closing(await createFakeJira({ limits: 'off', users: [DEMO_JIRA_USER] }));
    const { email, token } = DEMO_JIRA_USER;
    const deleted: string[] = [];
    let isBlind = false;
    const guarded = ((input: string, init?: RequestInit) => {
      const method = init?.method ?? 'GET';
      if (method === 'DELETE') deleted.push(input);
      return isBlind && method === 'GET' ? Promise.resolve(refused(status)) : fetch(input, init);
    }) as typeof fetch;
    const settings = { project: 'OPS' };
    const tools = openProvider(jira, { url: fake.url, email, token, settings, fetch: guarded });
    const args = { summary: 'Ship it' };
    const output = await tools.run('createIssue', args);
    const client = jira.createClient({ url: fake.url, email, token, settings, fetch: guarded });
    const options = { signal: new AbortController().signal, timeoutMs: 5_000 };
    const undo = (accepted: readonly UndoLoss[] = []) =>
      createProviderEffects(jira, hostClient(client, settings)).undo(
        'createIssue',
        { args, result: { text: '', data: output, isError: false }, before: undefined, accepted },
        options,
      );
    const others = openProvider(jira, { url: fake.url, email, token, settings });
    const remove = () => others.undo('createIssue', { args, output });
    isBlind = true;
    return { fake, undo, deleted, remove };
  }
  /** Hands out a client as the host does, without a grant to renew. */
  const hostClient = (client: unknown, settings: Record<string, string>): AuthorizedProviderClient => ({
    authorizeAs: () => undefined,
    open: async () => ({ client: await client, settings }),
    renew: () => Promise.resolve(),
    use: async ({ signal }, work) => work(await client, { signal, settings }),
  });

  it.each([400, 403, 405])('is asked about at %s, and nothing is deleted unseen', async (status) => {
    const { fake, undo, deleted } = await jiraThatLooks(status);
    expect(await undo()).toEqual({ losses: [{ what: 'unseen' }] });
    expect(deleted).toEqual([]);
    expect(await undo([{ what: 'unseen' }])).toEqual({ said: 'Deleted the Jira issue OPS-1.' });
    expect(fake.issues).toEqual([]);
  });

  it.each([429, 500, 503])('is tried again later at %s, and nothing is deleted', async (status) => {
    const { undo, deleted } = await jiraThatLooks(status);
    await expect(undo()).rejects.toMatchObject({ name: 'ProviderError' });
    expect(deleted).toEqual([]);
  });

  const GONE = /is gone, or this account may not see it, so nothing was sent/;

  it.each([404, 410])('asks nothing at %s: it is gone', async (status) => {
    const { remove, undo, deleted } = await jiraThatLooks(status);
    await remove();
    expect(await undo()).toEqual({ said: expect.stringMatching(/Jira: OPS-1 is gone/) });
    expect(deleted).toEqual([]);
  });

  it.each([404, 410])('is followed by no delete at a false %s, also where one would work', async (status) => {
    const { fake, undo, deleted } = await jiraThatLooks(status);
    expect(await undo()).toEqual({ said: expect.stringMatching(GONE) });
    expect(await undo([{ what: 'unseen' }])).toEqual({ said: expect.stringMatching(GONE) });
    expect(deleted).toEqual([]);
    expect(fake.issues).toHaveLength(1);
  });

  const GITHUB_ISSUE = {
    number: 1,
    title: 'Ship',
    body: '',
    state: 'open',
    stateReason: null,
    labels: [],
    assignees: [],
    author: 'ada',
    comments: 0,
    url: 'https://github.com/acme/web/issues/1',
    createdAt: '2026-01-01T00:00:00Z',
    updatedAt: '2026-01-01T00:00:00Z',
  };
  const LINEAR_ISSUE = {
    id: '11111111-2222-4333-8444-555555555555',
    identifier: 'ENG-1',
    title: 'Ship',
    description: '',
    status: 'Todo',
    statusType: 'unstarted',
    priority: 'none',
    team: 'ENG',
    assignee: null,
    dueDate: null,
    url: 'https://linear.app/acme/issue/ENG-1',
    createdAt: '2026-01-01T00:00:00Z',
    updatedAt: '2026-01-01T00:00:00Z',
  };
  const MESSAGE = { channel: 'C1', ts: '1700000000.000100' };
  const BY_GITHUB = { owner: 'acme', repo: 'web', title: 'Ship' };
  type Call = readonly [tool: string, args: Record<string, unknown>, data: Record<string, unknown>];
  /** The host's way to take a call back at a provider whose answers are these, and what it was sent. */
  function undoAt(
    provider: Provider,
    [tool, args, data]: Call,
    answerTo: (url: string, method: string) => Response,
    before?: Record<string, unknown>,
  ) {
    const sent: string[] = [];
    const answering = ((input: string | URL | Request, init?: RequestInit) => {
      const url = input instanceof Request ? input.url : String(input);
      const method = init?.method ?? (input instanceof Request ? input.method : 'GET');
      sent.push(`${method} ${url}`);
      return Promise.resolve(answerTo(url, method));
    }) as typeof fetch;
    const settings = { organization: 'acme' };
    const made = { url: undefined, email: undefined, token: 't', settings, fetch: answering };
    const done = { args, result: { text: '', data, isError: false }, before, accepted: [] };
    const options = { signal: new AbortController().signal, timeoutMs: 5_000 };
    const effects = createProviderEffects(provider, hostClient(provider.createClient(made), settings));
    return { sent, undo: () => effects.undo(tool, done, options) };
  }

  it.each<[string, Provider, Call, unknown]>([
    ['GitHub', github, ['createIssue', BY_GITHUB, GITHUB_ISSUE], { message: 'Resource not accessible by integration' }],
    [
      'Linear',
      linear,
      ['createIssue', { title: 'Ship' }, LINEAR_ISSUE],
      { errors: [{ message: 'Forbidden', extensions: { type: 'forbidden', userError: true } }] },
    ],
  ])('is asked about at %s as well', async (_, provider, call, answer) => {
    const { sent, undo } = undoAt(provider, call, () => Response.json(answer, { status: 403 }));
    expect(await undo()).toEqual({ losses: [{ what: 'unseen' }] });
    expect(sent).toHaveLength(1);
  });

  const SENTRY_ISSUE = {
    id: '1',
    shortId: 'WEB-1',
    title: 'Oops',
    culprit: '',
    level: 'error',
    status: 'resolved',
    events: 1,
    users: 1,
    project: 'web',
    firstSeen: '2026-01-01T00:00:00Z',
    lastSeen: '2026-01-01T00:00:00Z',
    url: 'https://sentry.io/1',
  };
  it.each<[string, Provider, Call, unknown, number, Record<string, unknown> | undefined]>([
    ['GitHub', github, ['createIssue', BY_GITHUB, GITHUB_ISSUE], { message: 'Not Found' }, 404, undefined],
    [
      'Linear',
      linear,
      ['createIssue', { title: 'Ship' }, LINEAR_ISSUE],
      { data: { issues: { nodes: [], pageInfo: { hasNextPage: false } } } },
      200,
      undefined,
    ],
    ['Sentry', sentry, ['resolveIssue', { id: '1' }, SENTRY_ISSUE], { detail: 'Not found' }, 404, undefined],
    [
      'Slack',
      slack,
      ['postMessage', { channel: 'C1', text: 'Hi' }, MESSAGE],
      { ok: true, messages: [] },
      200,
      undefined,
    ],
    [
      'Slack, of a change',
      slack,
      ['updateMessage', { channel: 'C1', ts: MESSAGE.ts, text: 'Hi' }, MESSAGE],
      { ok: true, messages: [] },
      200,
      { text: 'Hello', blocks: [] },
    ],
  ])('that finds nothing at %s is the last that is sent', async (_, provider, call, answer, status, before) => {
    const { sent, undo } = undoAt(provider, call, () => Response.json(answer, { status }), before);
    expect(await undo()).toEqual({ said: expect.stringMatching(GONE) });
    expect(sent).toHaveLength(1);
  });

  it('does not take an issue for gone whose comments are not there for this account', async () => {
    const wire = { ...GITHUB_ISSUE, comments: 2, user: { login: 'ada' }, html_url: GITHUB_ISSUE.url };
    const { sent, undo } = undoAt(github, ['createIssue', BY_GITHUB, GITHUB_ISSUE], (url) =>
      url.includes('/comments') ? Response.json({ message: 'Not Found' }, { status: 404 }) : Response.json(wire),
    );
    expect(await undo()).toEqual({ losses: [{ what: 'comments', count: 2 }] });
    expect(sent.every((one) => one.startsWith('GET'))).toBe(true);
  });

  it('does not call an issue gone that it may not see', async () => {
    const { remove, undo } = await jiraThatLooks(403);
    await remove();
    await expect(undo([{ what: 'unseen' }])).rejects.toMatchObject({ fault: 'refused' });
  });
});
