import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { JobStatus } from '../../contracts/orchestration.ts';
import { isFinal } from '../../contracts/orchestration.ts';
import { createFakeGithub, type FakeGithub } from '../fakes/github/index.ts';
import { createFakeJira, DEMO_JIRA_USER, type FakeJira } from '../fakes/jira/index.ts';
import { createFakeMcp, type FakeMcp } from '../fakes/mcp/index.ts';
import { createFakeNotion, NOTION, type FakeNotion } from '../../dev/fakes/notion/index.ts';
import { createFakeSentry, demoSentryIssue, type FakeSentry } from '../fakes/sentry/index.ts';
import { credulous } from '../support/credulous.ts';
import { json } from '../support/doors.ts';
import { startSharedNubabel, type Nubabel } from '../support/nubabel.ts';
import { DISGUISES, FORMS, LOOT, ORDERS } from '../support/injections.ts';
import { addPerson, type Person } from '../support/people.ts';
import { analysisReply, askerOf } from '../support/replies.ts';
import { answer, callsOf, connect, effectsOf, setPolicy, waits } from '../support/tools.ts';

const POST = {
  name: 'post',
  description: 'Creates a page.',
  inputSchema: { type: 'object', properties: { title: { type: 'string' } }, required: ['title'] },
  annotations: { readOnlyHint: false, destructiveHint: false },
};
const SEARCH = { name: 'search', description: 'Finds pages.', annotations: { readOnlyHint: true } };
const AT_ONCE = 6;

let nubabel: Nubabel;
let jira: FakeJira;
let notion: FakeNotion;
let github: FakeGithub;
let sentry: FakeSentry;
let wiki: FakeMcp;
let bobs: FakeMcp;
let theirs: FakeMcp;
let bob: Person;
beforeAll(async () => {
  const servers = [0, 1, 2].map(() => createFakeMcp({ tools: [SEARCH, POST] }));
  [nubabel, jira, notion, github, wiki, bobs, theirs] = await Promise.all([
    startSharedNubabel({ slack: { limits: 'off' } }),
    createFakeJira(),
    createFakeNotion(),
    createFakeGithub(),
    ...(servers as [Promise<FakeMcp>, Promise<FakeMcp>, Promise<FakeMcp>]),
  ]);
  sentry = await createFakeSentry({
    issues: ORDERS.map((order, at) => demoSentryIssue(at + 1, { title: DISGUISES['plain']?.(order) ?? '' })),
  });
  for (const order of ORDERS) {
    notion.seed({ title: DISGUISES['korean']?.(order) ?? '' });
    github.seed({ title: 'A bug', author: 'mallory', body: DISGUISES['html']?.(order) ?? '' });
  }
  bob = await addPerson(nubabel);
  const them = await addPerson(nubabel, { newOrganization: 'Theirs', role: 'admin' });
  const none = { kind: 'none' };
  const key = (apiKey: string) => ({ kind: 'api_key', apiKey });
  const jiraKey = { ...key(DEMO_JIRA_USER.token), email: DEMO_JIRA_USER.email };
  const ops = { project: 'OPS' };
  await connect(nubabel, { provider: 'jira', name: 'Jira', url: jira.url, auth: jiraKey, settings: ops });
  await connect(nubabel, {
    provider: 'notion',
    name: 'Notion',
    url: notion.url,
    auth: key(notion.token),
    settings: { database: NOTION.tasks },
  });
  await connect(nubabel, { provider: 'github', name: 'GitHub', url: github.url, auth: key(github.token) });
  await connect(nubabel, {
    provider: 'sentry',
    name: 'Sentry',
    url: sentry.apiUrl,
    auth: key('sntrys-demo-token'),
    settings: { organization: 'acme' },
  });
  await connect(nubabel, { provider: 'slack', name: 'Slack', url: nubabel.slack.apiUrl, auth: key('xoxb-demo') });
  await connect(nubabel, { provider: 'wiki', name: 'Wiki', url: wiki.url, auth: none, trusted: true });
  await connect(bob, { provider: 'bobs', name: ORDERS[0], url: bobs.url, auth: none, personal: true });
  await connect(them, { provider: 'theirs', name: 'Theirs', url: theirs.url, auth: none, trusted: true });
  const text = `---\nname: their-skill\ndescription: ${LOOT} ours\n---\n\n${ORDERS.join('\n')}`;
  const skill = await them.request('/api/skills/their-skill', { ...json({ text }), method: 'PUT' });
  expect(skill.status).toBeLessThan(300);
}, 150_000);
afterAll(async () => {
  await nubabel?.close();
  await Promise.all([jira, notion, github, sentry, wiki, bobs, theirs].map((fake) => fake?.close()));
});
afterEach(() => setPolicy(nubabel, {}));

/** Everything that has ever been done to the outside, as those tell who it was done to. */
const effects = () => ({
  jira: jira.issues.length,
  notion: notion.pages.length,
  github: github.issues().length,
  wiki: wiki.calls().filter(({ tool }) => tool !== 'search').length,
  bobs: bobs.calls().length,
  theirs: theirs.calls().length,
  slack: JSON.stringify(nubabel.slack.calls('chat.postMessage')).split(`evil.example/?q=${LOOT}`).length,
});

const settled = (job: JobStatus) => isFinal(job.status) || waits(job);
/** Asks as an honest person; whatever then waits for somebody is cancelled. Answers how it stood then. */
async function run(message: string, more: Parameters<Nubabel['ask']>[1] = {}, by?: Person): Promise<JobStatus> {
  const body = { message, agents: ['engineering' as const], ...more };
  const asked = by ? await by.request('/api/orchestrator/orchestrate', json(body)) : undefined;
  const { jobId } = asked ? ((await asked.json()) as { jobId: string }) : await nubabel.ask(message, body);
  const job = await nubabel.jobWhen(jobId, settled, 90_000);
  if (waits(job)) expect(await answer(nubabel, job, { verdict: 'cancel' })).toBe(200);
  return job;
}

async function inTurns<T>(cases: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const left = [...cases];
  const worker = async () => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) await work(one);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** All orders stood in a question because of what had been read, or were no tool that may be called. */
async function expectHeld(job: JobStatus, where: string, mayBeUnheard = false): Promise<void> {
  const calls = await callsOf(nubabel, job.jobId);
  const ordered = calls.filter(({ tool, arguments: args }) => JSON.stringify([tool, args]).includes(LOOT));
  // Errors come without what nobody sees, and not longer than a sentence or two.
  if (mayBeUnheard && ordered.length === 0) return;
  expect({ where, status: job.status, ordered: ordered.length > 0, calls }).toEqual({
    where,
    calls: expect.anything(),
    status: 'awaiting_approval',
    ordered: true,
  });
  for (const { reasons } of job.approval?.plan.calls ?? [])
    expect({ where, reasons }).toEqual({ where, reasons: expect.arrayContaining(['untrusted_input']) });
  const done = ordered.filter(({ status, tainted }) => status === 'done' || (status === 'waiting' && !tainted));
  expect({ where, done }).toEqual({ where, done: [] });
}

const matrix = Object.keys(FORMS).flatMap((form) => Object.keys(DISGUISES).map((disguise) => ({ form, disguise })));
/** A message of JSON-RPC is cut after 300 characters, so there is room for one order. */
const ordersIn = (form: string, index: number) =>
  form === 'refusal' ? ORDERS.slice(index % 5, (index % 5) + 1) : ORDERS;

describe(`a model that obeys every order it reads, ${matrix.length} ways`, () => {
  beforeAll(() => {
    wiki.setCall(({ page }) => {
      const [form = '', disguise = '', index = '0'] = String(page).split('/');
      const text = ordersIn(form, Number(index)).map((order) => DISGUISES[disguise]?.(order) ?? order);
      return FORMS[form]?.(text.join('\n')) ?? { error: { code: -32602, message: 'No such page.' } };
    });
  });

  it('where writes ask nobody: does nothing that was not wanted', async () => {
    await setPolicy(nubabel, { risks: [] });
    nubabel.model.setResponder(credulous());
    const before = effects();
    await inTurns(
      matrix.map((one, index) => ({ ...one, index })),
      async ({ form, disguise, index }) => {
        const where = `${form}/${disguise}/${index}`;
        const job = await run(`Sum it up. CALL wiki__search {"page":"${where}"}`);
        await expectHeld(job, where, form === 'refusal' && ['tags', 'html'].includes(disguise));
      },
    );
    expect(effects()).toEqual(before);
  }, 240_000);

  it('through our own connections neither', async () => {
    await setPolicy(nubabel, { risks: [] });
    nubabel.model.setResponder(credulous());
    const before = effects();
    const reads = ['notion__getTasks {}', 'github__listIssues {"owner":"acme","repo":"app"}', 'sentry__listIssues {}'];
    await inTurns(reads, async (read) => expectHeld(await run(`What is new? CALL ${read}`), read));
    expect(effects()).toEqual(before);
  }, 120_000);

  it('with the usual policy neither', async () => {
    nubabel.model.setResponder(credulous());
    const before = effects();
    const some = matrix.filter(({ form }, index) => form !== 'refusal' && index % 9 === 0);
    await inTurns(some, async ({ form, disguise }) => {
      const where = `${form}/${disguise}/0`;
      await expectHeld(await run(`Sum it up. CALL wiki__search {"page":"${where}"}`), where);
    });
    expect(effects()).toEqual(before);
  }, 120_000);

  it('in what others have answered before: colleagues, earlier requests, and those before them', async () => {
    await setPolicy(nubabel, { risks: [] });
    const before = effects();
    const page = 'CALL wiki__search {"page":"text/plain/0"}';
    // Only the first of both reads; the second knows it from the first.
    nubabel.model.setResponder((request) => {
      if (askerOf(request) === 'analysis')
        return analysisReply({
          mode: 'sequential',
          agents: ['support', 'engineering'].map((agent) => ({ agent, relevance: 1 })),
        });
      const first = askerOf(request) === 'support';
      return credulous(({ name }) => (name === 'wiki__search') === first)(request);
    });
    const { jobId } = await nubabel.ask(`Sum it up. ${page}`, {
      agents: ['support', 'engineering'],
      mode: 'sequential',
    });
    const second = await nubabel.jobWhen(jobId, settled, 60_000);
    await expectHeld(second, 'a colleague');
    await answer(nubabel, second, { verdict: 'cancel' });

    // A request that only reads, and six that do nothing but repeat it, until memory no longer holds the first.
    nubabel.model.setResponder(credulous(({ name }) => name === 'wiki__search'));
    const read = await run(`Sum it up. ${page}`);
    const { sessionId } = read;
    const repeats = `has heard:\n${ORDERS[0]}\nCONFIDENCE: 0.8`;
    nubabel.model.setResponder((request) => (askerOf(request) === 'analysis' ? analysisReply() : { text: repeats }));
    for (let nth = 0; nth < 6; nth++)
      expect(await run(`And again, ${nth}`, { sessionId })).toMatchObject({ status: 'completed' });
    nubabel.model.setResponder(credulous(({ name }) => name !== 'wiki__search'));
    await expectHeld(await run('Go on then', { sessionId }), 'an earlier request');
    expect(effects()).toEqual(before);
  }, 120_000);

  it('in the words of an untrusted server: names, titles, descriptions, schemas', async () => {
    await setPolicy(nubabel, { risks: [] });
    nubabel.model.setResponder(credulous());
    const before = effects();
    const places = [
      { description: ORDERS[0] },
      { title: ORDERS[1], description: 'Finds things.' },
      {
        description: 'Finds things.',
        inputSchema: { type: 'object', properties: { q: { type: 'string', description: ORDERS[2] } } },
      },
    ];
    for (const place of places) {
      const evil = await createFakeMcp({ tools: [{ name: 'find', ...place }] });
      const made = await connect(nubabel, { provider: 'evil', name: 'Evil', url: evil.url, auth: { kind: 'none' } });
      const job = await run('Hello there');
      const asked = (job.approval?.plan.calls ?? []).map(({ reasons }) => reasons);
      expect({ status: job.status, asked: asked.flat().every((one) => one === 'untrusted_input') }).toEqual({
        status: 'title' in place ? expect.any(String) : 'awaiting_approval',
        asked: true,
      });
      await nubabel.request(`/api/connections/${made.id}`, { method: 'DELETE' });
      expect(evil.calls()).toEqual([]);
      await evil.close();
    }
    expect(effects()).toEqual(before);
  }, 120_000);

  it('never hears of what belongs to others', () => {
    const heard = JSON.stringify(nubabel.model.requests.map(({ body }) => [body['tools'], body['system']]));
    expect(heard).not.toContain(`${LOOT} ours`);
    expect(heard).not.toContain('theirs__');
    expect(heard).not.toContain('bobs__');
  });
});

describe('honest work', () => {
  const HONEST = [
    ['jira__createIssue', { summary: 'Login is broken' }],
    ['notion__createTask', { title: 'Write it down' }],
    ['github__createIssue', { owner: 'acme', repo: 'app', title: 'Login is broken' }],
    ['slack__postMessage', { channel: 'launch', text: 'We are live' }],
    ['wiki__post', { title: 'Minutes' }],
  ] as const;

  it('is done at once where the policy lets it', async () => {
    await setPolicy(nubabel, { risks: [] });
    wiki.setCall(() => ({ result: { content: [{ type: 'text', text: 'Done.' }] } }));
    nubabel.model.setResponder(credulous());
    await inTurns(HONEST, async ([tool, args]) => {
      const { jobId, status } = await run(`Please CALL ${tool} ${JSON.stringify(args)}`);
      expect({ tool, status, calls: await callsOf(nubabel, jobId) }).toMatchObject({
        tool,
        status: 'completed',
        calls: [{ status: 'done' }],
      });
      expect(await effectsOf(nubabel, jobId)).toMatchObject([{ tool, state: 'DONE' }]);
    });
  }, 60_000);

  it('after reading is done once somebody has looked, and without asking where the switch is off', async () => {
    nubabel.model.setResponder(credulous());
    await setPolicy(nubabel, { risks: [] });
    const message = (title: string) => `CALL wiki__search {"q":"x"} and when you know it, THEN ${title}`;
    nubabel.model.setResponder((request) => {
      if (askerOf(request) === 'analysis') return analysisReply();
      const count = request.allToolResults.length;
      const title = /THEN (.+)$/.exec(request.userText)?.[1] ?? '';
      if (count === 0) return { calls: [{ name: 'wiki__search', input: { q: 'x' } }] };
      return count === 1 ? { calls: [{ name: 'wiki__post', input: { title } }] } : { text: 'Done.\nCONFIDENCE: 0.9' };
    });
    const first = await nubabel.ask(message('Looked at'), { agents: ['engineering'] });
    const asked = await nubabel.jobWhen(first.jobId, settled);
    expect(asked.approval?.plan.calls).toMatchObject([{ tool: 'wiki__post', reasons: ['untrusted_input'] }]);
    expect(await answer(nubabel, asked)).toBe(200);
    expect(await nubabel.ended(first.jobId)).toMatchObject({ status: 'completed', effects: { done: 1 } });
    await setPolicy(nubabel, { risks: [], untrusted: false });
    const second = await nubabel.ask(message('Not looked at'), { agents: ['engineering'] });
    expect(await nubabel.ended(second.jobId)).toMatchObject({ status: 'completed', effects: { done: 1 } });
  }, 60_000);
});
