import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createOrchestration } from '../db/world.ts';
import { answer, askBy, auditOf, putPolicy, waits } from '../support/approvals.ts';
import { createFakeMcp } from '../fakes/mcp/index.ts';
import { connect, read } from '../support/connections.ts';
import { json, ORCHESTRATE } from '../support/doors.ts';
import { openStream } from '../support/event-stream.ts';
import { startSharedNubabel, type Nubabel } from '../support/nubabel.ts';
import { addPerson, type Person } from '../support/people.ts';

const SECRET = 'canary-4c1d8e';

const PERSONAS = ['owner', 'participant', 'member', 'guest', 'admin', 'foreigner', 'nobody'] as const;
type Persona = (typeof PERSONAS)[number];
/** `ok`: not refused for who they are, whatever else is wrong with the request. */
type Verdict = 'ok' | 401 | 403 | 404;
type Row = Record<Persona, Verdict>;

type Six = [Verdict, Verdict, Verdict, Verdict, Verdict, Verdict];
const row = (...[owner, participant, member, guest, admin, foreigner]: Six): Row => {
  return { owner, participant, member, guest, admin, foreigner, nobody: 401 };
};

const SEES = row('ok', 'ok', 404, 404, 'ok', 404);
/** Guests are told that they are guests before anybody looks for the job. */
const DECIDES = row('ok', 403, 404, 403, 'ok', 404);
const EVERYBODY = row('ok', 'ok', 'ok', 'ok', 'ok', 'ok');
const MEMBERS = row('ok', 'ok', 'ok', 403, 'ok', 'ok');
/** The foreigner is an admin, of another organization: of their own they see everything, and of this nothing. */
const ADMINS = row(403, 403, 403, 403, 'ok', 'ok');
const ADMINS_OF_THING = row(403, 403, 403, 403, 'ok', 404);
/** A personal connection of the owner: there for admins, who may switch it off and delete it. */
const OWN_CONNECTION = row('ok', 404, 404, 404, 'ok', 404);
const OWN_CONNECTION_CHANGE = row('ok', 404, 404, 403, 'ok', 404);
const OWN_CONNECTION_USE = row('ok', 404, 404, 403, 403, 404);
const PUBLIC: Row = { ...EVERYBODY, nobody: 'ok' };

/** Every route of the document. One that is not here fails, so that somebody decides whom it is for. */
const ROUTES: Readonly<Record<string, Row>> = {
  ...Object.fromEntries(['', '/live', '/ready'].map((probe) => [`GET /health${probe}`, PUBLIC])),
  'POST /codec/decode': ADMINS,
  'POST /api/orchestrator/orchestrate': { ...MEMBERS, member: 404, foreigner: 404 },
  'GET /api/orchestrator/sessions/{sessionId}': SEES,
  'GET /api/jobs': EVERYBODY,
  'GET /api/jobs/{jobId}/status': SEES,
  'GET /api/jobs/{jobId}/progress': SEES,
  'GET /api/jobs/{jobId}/effects': SEES,
  'GET /api/jobs/{jobId}/tool-calls': SEES,
  'POST /api/jobs/{jobId}/approve': DECIDES,
  'POST /api/jobs/{jobId}/cancel': DECIDES,
  'POST /api/jobs/{jobId}/steer': DECIDES,
  'POST /api/jobs/{jobId}/undo': DECIDES,
  'GET /api/connections': EVERYBODY,
  'POST /api/connections': MEMBERS,
  'GET /api/connections/{connectionId}': OWN_CONNECTION,
  'PATCH /api/connections/{connectionId}': OWN_CONNECTION_CHANGE,
  'POST /api/connections/{connectionId}/test': OWN_CONNECTION_USE,
  'GET /api/connections/{connectionId}/tools': OWN_CONNECTION,
  'POST /api/connections/{connectionId}/accept': ADMINS_OF_THING,
  'POST /api/connections/{connectionId}/authorize': OWN_CONNECTION_USE,
  'DELETE /api/connections/{connectionId}': OWN_CONNECTION_CHANGE,
  'GET /api/tools': EVERYBODY,
  'POST /api/tools/{name}/call': { ...row(404, 404, 404, 403, 404, 404) },
  'GET /api/events': EVERYBODY,
  'GET /api/me': EVERYBODY,
  ...Object.fromEntries(
    ['usage', 'agents', 'skills', 'skills/{skillName}'].map((one) => [`GET /api/${one}`, EVERYBODY]),
  ),
  'PUT /api/skills/{skillName}': ADMINS,
  'DELETE /api/skills/{skillName}': ADMINS,
  ...Object.fromEntries(
    ['GET', 'PUT'].flatMap((verb) => ['budgets', 'budget-policy'].map((one) => [`${verb} /api/admin/${one}`, ADMINS])),
  ),
  'GET /api/admin/ledger': ADMINS,
  'GET /api/admin/approval-policy': ADMINS,
  'PUT /api/admin/approval-policy': ADMINS,
  'GET /api/admin/access-policy': ADMINS,
  'GET /api/admin/inbox': ADMINS,
  'POST /api/admin/inbox/{deliveryId}/retry': row(403, 403, 403, 403, 404, 404),
  'PATCH /api/connections/{connectionId}/tools/{name}': ADMINS_OF_THING,
  'GET /api/admin/delegation': ADMINS,
  'PUT /api/admin/delegation': ADMINS,
  'PUT /api/admin/access-policy': ADMINS,
  'GET /api/admin/key-pool': ADMINS,
  'POST /api/admin/key-pool/keys': ADMINS,
  'DELETE /api/admin/key-pool/keys/{keyId}': row(403, 403, 403, 403, 404, 404),
  'POST /api/admin/key-pool/keys/{keyId}/reset': row(403, 403, 403, 403, 404, 404),
  'GET /api/admin/routing/decisions': ADMINS,
  'GET /api/admin/routing/overrides': ADMINS,
  'POST /api/admin/routing/overrides': ADMINS,
  'DELETE /api/admin/routing/overrides/{overrideId}': row(403, 403, 403, 403, 404, 404),
  'GET /api/admin/routing/accuracy': ADMINS,
};

let nubabel: Nubabel;
let people: Record<Exclude<Persona, 'nobody'>, Person>;
let work: { jobId: string; sessionId: string; connectionId: string };
beforeAll(async () => {
  nubabel = await startSharedNubabel({ model: { respond: () => ({ text: `${SECRET} answer` }) } });
  people = {
    owner: await addPerson(nubabel),
    participant: await addPerson(nubabel),
    member: await addPerson(nubabel),
    guest: await addPerson(nubabel, { role: 'guest' }),
    admin: await addPerson(nubabel, { role: 'admin' }),
    foreigner: await addPerson(nubabel, { role: 'admin', newOrganization: 'Elsewhere' }),
  };
  work = await ownersWork();
}, 90_000);
afterAll(() => nubabel?.close());

/** A job of the owner that waits, in a conversation in which somebody else has said something, and a connection of theirs. */
async function ownersWork() {
  const { owner, participant } = people;
  const ask = json({ message: `${SECRET} question`, agents: ['ops'], requireApproval: true });
  const { jobId, sessionId } = (await (await owner.request(ORCHESTRATE, ask)).json()) as Record<
    'jobId' | 'sessionId',
    string
  >;
  await waits(nubabel, jobId);
  const tenant = { organizationId: owner.organizationId, userId: participant.userId, sessionId };
  await createOrchestration(nubabel.database.db, tenant, { status: 'completed', source: 'slack' });
  return { jobId, sessionId, connectionId: await ownersConnection() };
}

async function ownersConnection(): Promise<string> {
  const given = { provider: `w${randomUUID().slice(0, 8)}`, name: `${SECRET} wiki`, url: 'https://wiki.invalid/mcp' };
  const body = { ...given, auth: { kind: 'none' }, personal: true };
  return ((await (await people.owner.request('/api/connections', json(body))).json()) as { id: string }).id;
}

async function documentedRoutes(): Promise<string[]> {
  const { paths } = (await (await fetch(`${nubabel.url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, unknown>>;
  };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
}

/** What is asked says nothing that could be done: bodies are empty, and answers name a question that was never asked. */
async function tryRoute(route: string, persona: Persona, ids = work): Promise<{ status: number; text: string }> {
  const [method = '', template = ''] = route.split(' ');
  const path = template
    .replace('{jobId}', ids.jobId)
    .replace('{sessionId}', ids.sessionId)
    .replace('{connectionId}', ids.connectionId)
    .replace('{skillName}', 'release-notes')
    .replace(/\{\w+\}/, randomUUID());
  const init = method === 'GET' ? {} : { ...json(bodyOf(template, ids)), method };
  const leave = new AbortController();
  const ask = persona === 'nobody' ? bare : people[persona].request;
  const response = await ask(path, { ...init, signal: leave.signal });
  const isStream = (response.headers.get('content-type') ?? '').startsWith('text/event-stream');
  const text = isStream ? '' : await response.text();
  leave.abort();
  return { status: response.status, text };
}

function bodyOf(template: string, { sessionId }: { readonly sessionId: string }): Record<string, unknown> {
  if (template === ORCHESTRATE) return { message: 'x', agents: ['ops'], sessionId };
  if (/\/(approve|cancel)$/.test(template)) return { hash: 'never shown' };
  if (template.endsWith('/accept')) return { tools: [{ name: 'never_shown', hash: 'never shown' }] };
  return template.endsWith('/tools/{name}') ? { hash: 'never shown', alwaysAllow: true } : {};
}

const bare = (path: string, init: RequestInit = {}): Promise<Response> => fetch(`${nubabel.url}${path}`, init);

const verdictOf = (status: number): Verdict => (status === 401 || status === 403 || status === 404 ? status : 'ok');

describe('every route, for everybody', () => {
  it('is listed here with whom it is for', async () => {
    expect((await documentedRoutes()).sort()).toEqual(Object.keys(ROUTES).sort());
  });

  it.each(Object.entries(ROUTES))('%s', async (route, expected) => {
    const found: Partial<Row> = {};
    for (const persona of [...PERSONAS].sort((a, b) => Number(expected[a] === 'ok') - Number(expected[b] === 'ok'))) {
      const deletes = route === 'DELETE /api/connections/{connectionId}';
      const ids = deletes ? { ...work, connectionId: await ownersConnection() } : work;
      const { status, text } = await tryRoute(route, persona, ids);
      found[persona] = verdictOf(status);
      if (expected[persona] !== 'ok') expect(text).not.toContain(SECRET);
      expect([route, persona, status]).not.toEqual([route, persona, 500]);
    }
    expect(found).toEqual(expected);
  });

  it('answers what is not for somebody as what is not there', async () => {
    const missing = { jobId: randomUUID(), sessionId: randomUUID(), connectionId: randomUUID() };
    const essence = ({ status, text }: { status: number; text: string }) =>
      `${status} ${text.replaceAll(/"(requestId|instance)":"[^"]*"/g, '')}`;
    for (const route of Object.keys(ROUTES).filter((one) => ROUTES[one]?.member === 404))
      expect([route, essence(await tryRoute(route, 'member'))]).toEqual([
        route,
        essence(await tryRoute(route, 'member', missing)),
      ]);
  });
});

describe('inside an organization', () => {
  it('lists and streams to each only the work that is for them', async () => {
    const { owner, participant, member, guest, admin } = people;
    const streams = await Promise.all([owner, member, guest, admin].map((one) => openStream(one, '/api/events')));
    const jobId = await askBy(owner, 'Another question', { agents: ['ops'] });
    await nubabel.ended(jobId);
    const mark = await askBy(member, 'My own question', { agents: ['ops'] });
    await nubabel.ended(mark);
    const saw = (index: number, id: string) => streams[index]?.facts().some(({ data }) => data['jobId'] === id);
    await streams[1]?.waitFor('their own end', ({ data }) => data['jobId'] === mark && data['status'] === 'completed');
    await streams[3]?.waitFor(
      'the admin’s look',
      ({ data }) => data['jobId'] === mark && data['status'] === 'completed',
    );
    expect([0, 1, 2, 3].map((one) => saw(one, jobId))).toEqual([true, false, false, true]);
    expect([saw(0, mark), saw(2, mark)]).toEqual([false, false]);
    for (const stream of streams) stream.close();
    const listed = async (one: Person) =>
      ((await (await one.request('/api/jobs?limit=100')).json()) as { jobs: { jobId: string }[] }).jobs.map(
        (job) => job.jobId,
      );
    expect(await listed(member)).toEqual([mark]);
    expect(await listed(guest)).toEqual([]);
    expect(await listed(participant)).toContain(work.jobId);
    expect(await listed(participant)).not.toContain(jobId);
    expect(await listed(admin)).toEqual(expect.arrayContaining([jobId, mark, work.jobId]));
  });

  it('a question is shown to whom its policy names, also live, and stays theirs once they have answered', async () => {
    const { owner, member, guest } = people;
    await putPolicy(nubabel, { roles: ['user'], notAsker: true });
    const stream = await openStream(member, '/api/events');
    const jobId = await askBy(owner, 'Please look at this', { agents: ['ops'], requireApproval: true });
    await waits(nubabel, jobId);
    await stream.waitFor(
      'the question',
      ({ data }) => data['jobId'] === jobId && data['type'] === 'approval_requested',
    );
    stream.close();
    expect((await guest.request(`/api/jobs/${jobId}/status`)).status).toBe(404);
    expect((await answer(member, jobId, 'approve')).status).toBe(200);
    await nubabel.ended(jobId);
    expect((await member.request(`/api/jobs/${jobId}/status`)).status).toBe(200);
    await putPolicy(nubabel, {});
  });

  it('admins see only what is theirs where the organization wants that, and it is written down', async () => {
    const { admin, owner } = people;
    const jobId = await askBy(owner, 'A private question', { agents: ['ops'] });
    await nubabel.ended(jobId);
    const look = async () => (await admin.request(`/api/jobs/${jobId}/status`)).status;
    const put = (adminsSeeWork: boolean) =>
      nubabel.request('/api/admin/access-policy', {
        ...json({ adminsSeeWork, adminsSeePersonal: false }),
        method: 'PUT',
      });
    expect(await look()).toBe(200);
    expect((await put(false)).status).toBe(200);
    expect(await look()).toBe(404);
    const decisions = await (await admin.request('/api/admin/routing/decisions')).text();
    expect(decisions).not.toContain('A private question');
    await put(true);
    expect(await look()).toBe(200);
    const lines = await auditOf(nubabel, admin.organizationId);
    expect(lines.filter(({ action }) => action === 'access-policy.set')).toHaveLength(2);
  });

  it('what a personal connection has answered is for its owner alone', async () => {
    const { owner, admin } = people;
    const server = await createFakeMcp({ tools: [{ name: 'search', description: 'Finds pages.' }] });
    try {
      const wiki = await connect(owner, server, { auth: { kind: 'none' }, personal: true });
      const call = `/api/tools/${wiki.slug}__search/call`;
      server.setCall(() => ({ result: { content: [{ type: 'text', text: `${SECRET} page` }] } }));
      const { jobId } = await read<{ jobId: string }>(await owner.request(call, json({})), 202);
      await answer(owner, jobId, 'approve');
      const { sessionId } = await nubabel.ended(jobId);
      for (const path of [
        `/api/jobs/${jobId}/status`,
        `/api/jobs/${jobId}/tool-calls`,
        `/api/jobs/${jobId}/effects`,
        `/api/orchestrator/sessions/${sessionId}`,
        '/api/jobs?limit=100',
      ]) {
        const [own, others] = await Promise.all([owner.request(path), admin.request(path)]);
        expect([path, others.status, (await others.text()).includes(`${SECRET} page`)]).toEqual([path, 200, false]);
        const isLedger = path.endsWith('/effects');
        expect([path, (await own.text()).includes(`${SECRET} page`)]).toEqual([path, !isLedger]);
      }
      await admin.request('/api/admin/access-policy', {
        ...json({ adminsSeeWork: true, adminsSeePersonal: true }),
        method: 'PUT',
      });
      expect(await (await admin.request(`/api/jobs/${jobId}/tool-calls`)).text()).toContain(`${SECRET} page`);
    } finally {
      await server.close();
    }
  });
});
