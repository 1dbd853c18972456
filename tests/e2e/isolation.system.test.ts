import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { accepted, expectProblem, json, ORCHESTRATE } from '../support/doors.ts';
import { createOrchestration } from '../db/world.ts';
import { startSharedNubabel, type Nubabel } from '../support/nubabel.ts';
import { addPerson, requestAs, revoke, type Person } from '../support/people.ts';

/** A word that only the other organization may ever see. */
const CANARY = 'canary-7f3a9c';

let nubabel: Nubabel;
let other: Person;
let theirs: { jobId: string; sessionId: string; waitingId: string; hash: string; connectionId: string };
let routes: Route[];
beforeAll(async () => {
  nubabel = await startSharedNubabel({ model: { respond: () => ({ text: `${CANARY} answer` }) } });
  routes = await listRoutes();
  other = await addPerson(nubabel, { newOrganization: `Other ${CANARY}`, role: 'admin' });
  theirs = await theirWork();
}, 90_000);
afterAll(() => nubabel?.close());

interface Route {
  readonly method: string;
  readonly path: string;
  readonly guarded: boolean;
}

/** Every route of the document, so that a new one is tried from its first day. */
async function listRoutes(): Promise<Route[]> {
  const document = (await (await fetch(`${nubabel.url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { security?: unknown[] }>>;
  };
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security }]) => ({
      method: method.toUpperCase(),
      path,
      guarded: (security ?? []).length > 0,
    })),
  );
}

/** Nobody answers there, so it is kept as failing. */
async function connect(by: Pick<Person, 'request'>, name: string): Promise<string> {
  const connection = { provider: 'wiki', name, url: 'https://wiki.invalid/mcp', auth: { kind: 'none' } };
  const { id } = (await (await by.request('/api/connections', json(connection))).json()) as { id: string };
  return id;
}

async function theirWork() {
  const connectionId = await connect(other, `${CANARY} wiki`);
  const ask = async (body: Record<string, unknown>) =>
    (await (await other.request(ORCHESTRATE, json(body))).json()) as { jobId: string; sessionId: string };
  const job = await ask({ message: `${CANARY} question`, agents: ['ops'] });
  const waiting = await ask({ message: `${CANARY} waits`, agents: ['ops'], requireApproval: true });
  const read = async (jobId: string) =>
    (await (await other.request(`/api/jobs/${jobId}/status`)).json()) as {
      status: string;
      approval?: { hash: string };
    };
  for (const end = Date.now() + 30_000; Date.now() < end;) {
    const [done, asking] = [await read(job.jobId), await read(waiting.jobId)];
    if (done.status === 'completed' && asking.approval)
      return { ...job, waitingId: waiting.jobId, hash: asking.approval.hash, connectionId };
  }
  throw new Error('Their work did not come to its end.');
}

const writes = ({ method }: Route) => method !== 'GET';
const isForAdmins = ({ path }: Route) => path.includes('/admin/');
/** Who makes something under a name of their own meets nobody else's. */
const makes = ({ method, path }: Route) => method === 'PUT' && path.endsWith('{skillName}');
const hasId = (route: Route) => route.path.includes('{') && !makes(route);
const withId = (
  { path }: Route,
  jobId: string,
  sessionId: string,
  named: { skillName?: string; connectionId?: string } = {},
) =>
  path
    .replace('{connectionId}/tools/{name}', '{connectionId}/tools/never_shown')
    .replace('{jobId}', jobId)
    .replace('{sessionId}', sessionId)
    .replace('{keyId}', jobId)
    .replace('{overrideId}', jobId)
    .replace('{skillName}', named.skillName ?? jobId)
    .replace('{connectionId}', named.connectionId ?? jobId)
    .replace('{name}', jobId);
/** Complete enough that nothing but the thing itself is missing. */
function bodyOf({ path }: Route): Record<string, unknown> {
  if (path === ORCHESTRATE) return { message: 'x', agents: ['ops'] };
  if (path.endsWith('/approve')) return { hash: 'never shown' };
  if (path.endsWith('/accept')) return { tools: [{ name: 'never_shown', hash: 'never shown' }] };
  return path.endsWith('/tools/{name}') ? { hash: 'never shown', alwaysAllow: true } : {};
}
const initOf = (route: Route): RequestInit => (writes(route) ? { ...json(bodyOf(route)), method: route.method } : {});

/** What an answer says, but for the parts that tell one request from another. */
async function essence(response: Response, ...hide: string[]): Promise<string> {
  const headers = [...response.headers].filter(([name]) => !['x-request-id', 'date', 'content-length'].includes(name));
  const text = (await response.text()).replace(/"requestId":"[^"]*"/, '').replace(/"instance":"[^"]*"/, '');
  expect(text).not.toContain(CANARY);
  return hide.reduce((said, id) => said.replaceAll(id, 'ID'), `${response.status} ${JSON.stringify(headers)} ${text}`);
}

describe('every route behind the token', () => {
  it('is in the document, and there are as many as we know of', () => {
    expect(routes.filter(({ guarded }) => guarded).length).toBeGreaterThanOrEqual(8);
    expect(routes.filter(({ guarded, path }) => !guarded && path.startsWith('/api'))).toEqual([]);
  });

  it('refuses bad tokens with 401, and nothing is written', async () => {
    const expired = await addPerson(nubabel, { expiresAt: new Date(Date.now() - 1_000).toISOString() });
    const revoked = await addPerson(nubabel);
    await revoke(nubabel, revoked);
    const before = await accepted(nubabel);
    const good = nubabel.token;
    const headers: (string | undefined)[] = [
      undefined,
      '',
      'Bearer',
      'Bearer ',
      'Bearer nothing',
      good,
      `Basic ${Buffer.from(`x:${good}`).toString('base64')}`,
      `Bearer ${good}x`,
      `Bearer ${good.slice(0, -1)}`,
      `Bearer ${good.toUpperCase()}`,
      `Bearer ${good} ${good}`,
      `Bearer ${good},${good}`,
      `Bearer ${'t'.repeat(4_000)}`,
      'Bearer null',
      `Bearer ' OR '1'='1`,
      'Bearer eyJhbGciOiJub25lIn0.eyJyb2xlIjoiYWRtaW4ifQ.',
      `Bearer ${expired.token}`,
      `Bearer ${revoked.token}`,
    ];
    for (const route of routes.filter(({ guarded }) => guarded))
      for (const authorization of headers) {
        const init = initOf(route);
        const given = {
          ...(init.headers as Record<string, string>),
          ...(authorization !== undefined && { authorization }),
        };
        const answer = await fetch(`${nubabel.url}${withId(route, theirs.jobId, theirs.sessionId)}`, {
          ...init,
          headers: given,
        });
        expect([route.path, authorization, answer.status]).toEqual([route.path, authorization, 401]);
        expect(answer.headers.get('www-authenticate')).toBe('Bearer');
        await expectProblem(answer, 401);
      }
    expect(await accepted(nubabel)).toEqual(before);
  });

  it('lets guests read what they take part in, but not write', async () => {
    const guest = await addPerson(nubabel, { role: 'guest' });
    const { jobId, sessionId } = await nubabel.ask('For guests to see', { agents: ['ops'], requireApproval: true });
    await createOrchestration(nubabel.database.db, { ...guest, sessionId }, { status: 'failed', refusal: 'guest' });
    await nubabel.jobWhen(jobId, ({ status }) => status === 'awaiting_approval');
    const connectionId = await connect(nubabel, 'For guests to see');
    const before = await accepted(nubabel);
    for (const route of routes.filter(({ guarded }) => guarded)) {
      const path = withId(route, jobId, sessionId, { skillName: 'release-notes', connectionId });
      if (writes(route) || isForAdmins(route)) await expectProblem(await guest.request(path, initOf(route)), 403);
      else {
        const leave = new AbortController();
        expect((await guest.request(path, { signal: leave.signal })).status).toBe(200);
        leave.abort();
      }
    }
    expect(await accepted(nubabel)).toEqual(before);
    expect(await nubabel.status(jobId)).toMatchObject({ status: 'awaiting_approval' });
  });
});

describe('another organization’s things', () => {
  it('are answered exactly as things that do not exist, on every route, for reading and writing', async () => {
    const before = await nubabel.database.look('select id, status, version from orchestrations order by id');
    const absent = { jobId: randomUUID(), sessionId: randomUUID(), connectionId: randomUUID() };
    for (const route of routes.filter((one) => one.guarded && hasId(one)))
      for (const jobId of [theirs.jobId, theirs.waitingId]) {
        const ask = (job: string, session: string, connectionId: string) =>
          nubabel.request(withId(route, job, session, { connectionId }), initOf(route));
        const foreign = await essence(await ask(jobId, theirs.sessionId, theirs.connectionId), jobId, theirs.sessionId);
        const missing = await essence(
          await ask(absent.jobId, absent.sessionId, absent.connectionId),
          absent.jobId,
          absent.sessionId,
        );
        expect(foreign).toMatch(/^404/);
        expect(foreign).toBe(missing);
      }
    expect(await nubabel.database.look('select id, status, version from orchestrations order by id')).toEqual(before);
  });

  it('cannot be decided with their own hash, nor continued by their own session', async () => {
    for (const verb of ['approve', 'cancel'])
      await expectProblem(
        await nubabel.request(`/api/jobs/${theirs.waitingId}/${verb}`, json({ hash: theirs.hash })),
        404,
      );
    const taken = await nubabel.request(
      ORCHESTRATE,
      json({ message: 'x', agents: ['ops'], sessionId: theirs.sessionId }),
    );
    const absent = await nubabel.request(ORCHESTRATE, json({ message: 'x', agents: ['ops'], sessionId: randomUUID() }));
    expect(await essence(taken)).toBe(await essence(absent));
    expect(taken.status).toBe(404);
  });

  it('are in no list, no view and no event of ours', async () => {
    for (const path of ['/api/jobs?limit=100', '/api/connections', '/api/tools', '/api/me', '/health', '/openapi.json'])
      expect(await (await nubabel.request(path)).text()).not.toContain(CANARY);
    const list = (await (await requestAs(nubabel, other.token)('/api/jobs')).json()) as { jobs: { jobId: string }[] };
    expect(new Set(list.jobs.map(({ jobId }) => jobId))).toEqual(new Set([theirs.jobId, theirs.waitingId]));
  });

  it('cost and may cost nothing that we could see or change', async () => {
    const ledger = await (await nubabel.request(`/api/admin/ledger?jobId=${theirs.jobId}`)).json();
    expect(ledger).toEqual({ entries: [] });
    for (const path of ['/api/admin/ledger', '/api/admin/budgets', '/api/usage?groupBy=user,agent,orchestration']) {
      const text = await (await nubabel.request(path)).text();
      for (const id of [theirs.jobId, theirs.waitingId, other.userId, other.organizationId])
        expect(text).not.toContain(id);
    }
    const limit = { scope: 'user', userId: other.userId, period: 'day', limitCents: 0 };
    const put = (body: unknown) => nubabel.request('/api/admin/budgets', { ...json(body), method: 'PUT' });
    const foreign = await essence(await put(limit), other.userId);
    const nobody = randomUUID();
    expect(foreign).toBe(await essence(await put({ ...limit, userId: nobody }), nobody));
    expect(foreign).toMatch(/^404/);
    expect(await nubabel.database.look('select scope from budget_limits')).toEqual([]);
  });

  it('may be a skill of the same name, and both have their own', async () => {
    const put = (by: Pick<Person, 'request'>, words: string) =>
      by.request('/api/skills/release-notes', {
        ...json({ text: `---\nname: release-notes\ndescription: ${words}\n---\n${words}` }),
        method: 'PUT',
      });
    expect((await put(other, `${CANARY} way`)).status).toBe(200);
    for (const path of ['/api/skills', '/api/skills/release-notes'])
      expect(await (await nubabel.request(path)).text()).not.toContain(CANARY);
    await expectProblem(await nubabel.request('/api/skills/release-notes', { method: 'DELETE' }), 409);
    expect((await put(nubabel, 'Our way')).status).toBe(200);
    expect((await nubabel.request('/api/skills/release-notes', { method: 'DELETE' })).status).toBe(204);
    expect(await (await other.request('/api/skills/release-notes')).json()).toMatchObject({ body: `${CANARY} way` });
  });

  it('may have the same idempotency key without anybody learning of it', async () => {
    const body = { message: 'Same key', agents: ['ops'], idempotencyKey: 'same' };
    await other.request(ORCHESTRATE, json(body));
    const ours = await nubabel.request(ORCHESTRATE, json({ ...body, message: 'Our words' }));
    expect([ours.status, ours.headers.get('idempotent-replayed')]).toEqual([202, null]);
  });

  it.each(['x', '..', '%2e%2e%2f', '0', '-1', 'null', "'", '00000000-0000-0000-0000-000000000000', 'a'.repeat(3_000)])(
    'and ids that are none (%.40s) are not found either',
    async (id) => {
      for (const route of routes.filter((one) => one.guarded && hasId(one))) {
        const path = withId(route, encodeURIComponent(id), encodeURIComponent(id));
        // A client makes another address of `..`, which may be one that exists.
        if (routes.some((one) => one.path === new URL(path, nubabel.url).pathname)) continue;
        await expectProblem(await nubabel.request(path, initOf(route)), 404);
      }
    },
  );
});
