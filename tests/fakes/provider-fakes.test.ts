import { afterEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFakeGithub } from './github/index.ts';
import { createFakeLinear } from './linear/index.ts';
import { createFakeNotion, NOTION } from '../../dev/fakes/notion/index.ts';
import type { ProviderFake, ProviderLine } from '../../dev/fakes/provider/types.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});
async function kept<Fake extends ProviderFake>(starting: Promise<Fake>): Promise<Fake> {
  const fake = await starting;
  closers.push(fake.close);
  return fake;
}

interface Asked {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}
async function ask(url: string, { method = 'GET', body, headers = {} }: Asked = {}) {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await fetch(url, { method, headers, ...sent });
  return { status: response.status, headers: response.headers, body: (await response.json()) as unknown };
}

const NOTION_HEADERS = { authorization: 'Bearer ntn_demo', 'notion-version': '2025-09-03' };
const GITHUB_HEADERS = { authorization: 'token ghp_demo', 'user-agent': 'test' };
const page = (title: string) => ({
  parent: { type: 'data_source_id', data_source_id: NOTION.tasksSource },
  properties: { 'Task name': { title: [{ text: { content: title } }] } },
});

describe('the fake Notion', () => {
  it('wants a version and a token, and words its refusals as Notion', async () => {
    const fake = await kept(createFakeNotion());
    const { authorization } = NOTION_HEADERS;
    await expect(ask(`${fake.url}/v1/users/me`)).resolves.toMatchObject({
      status: 401,
      body: { object: 'error', code: 'unauthorized' },
    });
    await expect(ask(`${fake.url}/v1/users/me`, { headers: { authorization } })).resolves.toMatchObject({
      status: 400,
      body: { code: 'missing_version' },
    });
    const secret = await ask(`${fake.url}/v1/databases/${NOTION.secret}`, { headers: NOTION_HEADERS });
    expect(secret).toMatchObject({ status: 404, body: { code: 'object_not_found' } });
  });

  it('refuses what Notion refuses, and shows times to the minute', async () => {
    const fake = await kept(createFakeNotion());
    const create = (body: unknown) => ask(`${fake.url}/v1/pages`, { method: 'POST', headers: NOTION_HEADERS, body });
    const made = await create(page('x'));
    expect(made).toMatchObject({ status: 200, body: { created_time: expect.stringMatching(/:00\.000Z$/) } });
    await expect(create(page('x'.repeat(2001)))).resolves.toMatchObject({ body: { code: 'validation_error' } });
    const status = { ...page('x'), properties: { Status: { status: { name: 'Doing' } } } };
    await expect(create(status)).resolves.toMatchObject({ status: 400 });
    await expect(create({ ...page('x'), properties: { Owner: { people: [] } } })).resolves.toMatchObject({
      body: { message: 'Owner is not a property that exists.' },
    });
    expect(fake.changes()).toHaveLength(1);
  });
});

describe('the fake GitHub', () => {
  it('pages with links and counts pull requests among issues', async () => {
    const fake = await kept(createFakeGithub());
    fake.seed({ title: 'one', author: 'ada' });
    const pull = { head: 'a', base: 'main', draft: false, merged: false, additions: 0, deletions: 0, changedFiles: 0 };
    fake.seed({ title: 'two', author: 'ada', pull });
    const first = await ask(`${fake.url}/repos/acme/app/issues?per_page=1`, { headers: GITHUB_HEADERS });
    expect(first.body).toMatchObject([{ title: 'two', pull_request: {} }]);
    expect(first.headers.get('link')).toContain('page=2>; rel="next"');
    await expect(ask(`${fake.url}/repos/acme/none`, { headers: GITHUB_HEADERS })).resolves.toMatchObject({
      status: 404,
      body: { message: 'Not Found' },
    });
    const untitled = { method: 'POST', headers: GITHUB_HEADERS, body: {} };
    await expect(ask(`${fake.url}/repos/acme/app/issues`, untitled)).resolves.toMatchObject({
      status: 422,
      body: { errors: [{ field: 'title', code: 'missing_field' }] },
    });
  });
});

describe('the fake Linear', () => {
  it('tells limits with HTTP 400 and refusals inside of 200', async () => {
    const fake = await kept(createFakeLinear());
    const query = (text: string, variables = {}) =>
      ask(fake.graphqlUrl, {
        method: 'POST',
        headers: { authorization: 'lin_api_demo' },
        body: { query: text, variables },
      });
    fake.failNext('viewer', { status: 429 });
    const limited = await query('query { viewer { id } }');
    expect(limited).toMatchObject({ status: 400, body: { errors: [{ extensions: { code: 'RATELIMITED' } }] } });
    expect(limited.headers.get('x-ratelimit-requests-remaining')).toBe('0');
    const missing = await query('query q($id: String!) { issue(id: $id) { id } }', { id: 'ENG-1' });
    expect(missing).toMatchObject({
      status: 200,
      body: { data: null, errors: [{ message: 'Entity not found: Issue' }] },
    });
    await expect(query('query {')).resolves.toMatchObject({ status: 400 });
  });

  it('selects, renames, and follows fragments', async () => {
    const fake = await kept(createFakeLinear());
    const headers = { authorization: 'lin_api_demo' };
    const query = (field: string) =>
      ask(fake.graphqlUrl, {
        method: 'POST',
        headers,
        body: { query: `query { me: viewer { ...User nothing: ${field} } } fragment User on User { name email }` },
      });
    await expect(query('title')).resolves.toMatchObject({
      body: { data: { me: { name: 'Nubabel', email: 'nubabel@example.com', nothing: null } } },
    });
    await expect(query('owned')).resolves.toMatchObject({
      status: 400,
      body: { errors: [{ message: expect.stringContaining('Cannot query field "owned" on type "User"') }] },
    });
  });
});

describe('every fake of a provider', () => {
  it('has on file what it did before the answer leaves', async () => {
    const logPath = join(mkdtempSync(join(tmpdir(), 'fake-')), 'notion.jsonl');
    const fake = await kept(createFakeNotion({ logPath, fsync: true }));
    fake.failNext('POST /pages', { when: 'after', cut: true });
    const create = { method: 'POST', headers: NOTION_HEADERS, body: page('x') };
    await expect(ask(`${fake.url}/v1/pages`, create)).rejects.toThrow();
    const lines = readFileSync(logPath, 'utf8').trim().split('\n');
    const line = JSON.parse(lines[0] ?? '') as ProviderLine;
    expect(line).toMatchObject({ operation: 'POST /pages', status: 0, changes: [`page.created ${fake.pages[0]?.id}`] });
    expect(JSON.stringify(fake.log)).not.toContain('ntn_demo');
  });

  it('carries a late request out only when it is told to', async () => {
    const fake = await kept(createFakeNotion());
    fake.failNext('POST /pages', { late: true });
    const create = { method: 'POST', headers: NOTION_HEADERS, body: page('x') };
    await expect(ask(`${fake.url}/v1/pages`, create)).rejects.toThrow();
    expect(fake.changes()).toEqual([]);
    fake.letLateOnesArrive();
    expect(fake.changes()).toHaveLength(1);
  });

  it('lets only so many requests through', async () => {
    const fake = await kept(createFakeGithub({ limits: { requests: 2, windowMs: 60_000 } }));
    const user = () => ask(`${fake.url}/user`, { headers: GITHUB_HEADERS });
    const statuses = [await user(), await user(), await user()].map(({ status }) => status);
    expect(statuses).toEqual([200, 200, 429]);
  });
});
