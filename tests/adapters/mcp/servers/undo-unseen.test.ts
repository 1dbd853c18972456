import { afterEach, describe, expect, it } from '@jest/globals';
import type { UndoLoss } from '../../../../contracts/effects.ts';
import type { AuthorizedProviderClient } from '../../../../adapters/mcp/host/authorized-provider-client.ts';
import { createProviderEffects } from '../../../../adapters/mcp/host/provider-effects.ts';
import type { Provider } from '../../../../adapters/mcp/servers/define.ts';
import { github } from '../../../../adapters/mcp/servers/github/index.ts';
import { jira } from '../../../../adapters/mcp/servers/jira/index.ts';
import { linear } from '../../../../adapters/mcp/servers/linear/index.ts';
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
    open: () => Promise.resolve({ client, settings }),
    renew: () => Promise.resolve(),
    use: ({ signal }, work) => work(client, { signal, settings }),
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

  it.each([404, 410])('asks nothing at %s: it is gone', async (status) => {
    const { remove, undo } = await jiraThatLooks(status);
    await remove();
    expect(await undo()).toEqual({ said: 'The Jira issue OPS-1 was already gone.' });
  });

  it.each<[string, Provider, string, Record<string, unknown>, Record<string, unknown>, unknown]>([
    [
      'GitHub',
      github,
      'createIssue',
      { owner: 'acme', repo: 'web', title: 'Ship' },
      {
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
      },
      { message: 'Resource not accessible by integration' },
    ],
    [
      'Linear',
      linear,
      'createIssue',
      { title: 'Ship' },
      {
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
      },
      { errors: [{ message: 'Forbidden', extensions: { type: 'forbidden', userError: true } }] },
    ],
  ])('is asked about at %s as well', async (_, provider, tool, args, data, answer) => {
    const sent: string[] = [];
    const blind = ((_input: string | URL | Request, init?: RequestInit) => {
      sent.push(init?.method ?? 'GET');
      return Promise.resolve(Response.json(answer, { status: 403 }));
    }) as typeof fetch;
    const made = { url: undefined, email: undefined, token: 't', settings: {}, fetch: blind };
    const done = { args, result: { text: '', data, isError: false }, before: undefined, accepted: [] };
    const options = { signal: new AbortController().signal, timeoutMs: 5_000 };
    const effects = createProviderEffects(provider, hostClient(provider.createClient(made), {}));
    expect(await effects.undo(tool, done, options)).toEqual({ losses: [{ what: 'unseen' }] });
    expect(sent).toHaveLength(1);
  });

  it('does not call an issue gone that it may not see', async () => {
    const { remove, undo } = await jiraThatLooks(403);
    await remove();
    await expect(undo([{ what: 'unseen' }])).rejects.toMatchObject({ fault: 'refused' });
  });
});
