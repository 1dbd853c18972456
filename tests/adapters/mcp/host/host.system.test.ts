import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createFakeMcp, type FakeMcp } from '../../../fakes/mcp/index.ts';
import { withOrganization } from '../../../../db/organization.ts';
import { updateConnection } from '../../../../db/queries/connections.ts';
import type { ConnectionRef } from '../../../../domain/tools/tool-ports.ts';
import { createTenant, type Tenant } from '../../../db/world.ts';
import { openTestDatabase, type TestDatabase } from '../../../support/database.ts';
import { eventually } from '../../../support/eventually.ts';
import { never, openHost, options } from './host-fixture.ts';
import { honest, RUG_PULLS } from './poison.ts';

let database: TestDatabase;
let acme: Tenant;
let fixture: ReturnType<typeof openHost>;
let server: FakeMcp;
let on: ConnectionRef;
beforeAll(async () => {
  database = await openTestDatabase();
  acme = await createTenant(database.db);
});
afterAll(() => database?.drop());
beforeEach(async () => {
  server = await createFakeMcp({ tools: [honest(), honest({ name: 'act', annotations: {} })] });
  fixture = openHost(database, acme);
  on = await fixture.connect({ url: server.url });
  await fixture.host.refresh(on, never);
});
afterEach(async () => {
  await fixture.host.close();
  await server.close();
});

const call = (tool = 'add', given = options) => fixture.host.call(on, tool, { a: 1 }, given);
const change = (set: Parameters<typeof updateConnection>[1]['set']) =>
  withOrganization(database.db, acme.organizationId, (trx) => updateConnection(trx, { id: on.connectionId, set }));

describe('a remote server', () => {
  it('offers what it listed first, and answers calls', async () => {
    expect(await fixture.offered(on)).toEqual(['act', 'add']);
    expect(await call()).toEqual({ text: '{"a":1}', isError: false });
    expect(await fixture.row(on)).toMatchObject({ health: 'healthy', failures: 0 });
    const name = (await fixture.host.offer(fixture.whom, undefined)).tools[0]?.name ?? '';
    expect(await fixture.host.find(fixture.whom, name)).toMatchObject({ name, connectionId: on.connectionId });
    expect(
      await fixture.host.find(
        { ...fixture.whom, organizationId: (await createTenant(database.db)).organizationId },
        name,
      ),
    ).toBe(undefined);
  });

  it('keeps one session for many calls', async () => {
    await Promise.all(Array.from({ length: 20 }, () => call()));
    expect(server.log.filter(({ method }) => method === 'initialize')).toHaveLength(1);
    expect(server.log.filter(({ method }) => method === 'tools/list')).toHaveLength(1);
  });

  it('that has forgotten the session gets a new one, lists again, and the call once', async () => {
    await call();
    server.expireSessions();
    expect(await call('act')).toMatchObject({ isError: false });
    expect(server.log.filter(({ method }) => method === 'initialize')).toHaveLength(2);
    expect(server.log.filter(({ method }) => method === 'tools/list')).toHaveLength(2);
  });

  it('that keeps forgetting sessions under load is asked each thing once', async () => {
    const work = Array.from({ length: 60 }, async (_, nth) => {
      if (nth % 20 === 10) server.expireSessions();
      return fixture.host.call(on, 'add', { nth }, options).then(
        () => nth,
        (error: unknown) => {
          expect(error).toMatchObject({ kind: 'refused' });
          return undefined;
        },
      );
    });
    const answered = (await Promise.all(work)).filter((nth) => nth !== undefined);
    const heard = server.calls().map(({ params }) => (params.arguments as { nth: number }).nth);
    expect(answered.length).toBeGreaterThan(0);
    expect(heard.sort((a, b) => a - b)).toEqual(answered.sort((a, b) => a - b));
  });

  it('is left by one who stops before it was asked, and nothing breaks when it then fails', async () => {
    await fixture.host.forget(on);
    server.failNext('tools/list', { status: 500 });
    const stopped = call('add', { ...options, signal: AbortSignal.abort() });
    await expect(stopped).rejects.toMatchObject({ kind: 'cancelled' });
    expect(server.calls()).toEqual([]);
  });

  it('is not asked by a connection that is off, gone or another organization’s', async () => {
    await change({ enabled: false });
    await expect(call()).rejects.toMatchObject({ kind: 'refused' });
    const other = await createTenant(database.db, 'Globex');
    const theirs = { ...on, organizationId: other.organizationId };
    await expect(fixture.host.call(theirs, 'add', {}, options)).rejects.toMatchObject({ kind: 'refused' });
    expect(server.calls()).toEqual([]);
  });

  it('is never asked for a tool that is not there', async () => {
    await expect(call('other')).rejects.toMatchObject({ kind: 'refused' });
    expect(server.calls()).toEqual([]);
  });

  it('is opened anew with a new address', async () => {
    await call();
    const moved = await createFakeMcp({ tools: [honest(), honest({ name: 'act', annotations: {} })] });
    await change({ url: moved.url });
    await call();
    expect([server.calls().length, moved.calls().length]).toEqual([1, 1]);
    await fixture.host.forget(on);
    await moved.close();
  });
});

describe('a rug pull', () => {
  it.each(Object.entries(RUG_PULLS))(
    'is off before the next call, after the session was resumed: %s',
    async (_what, tool) => {
      await call();
      server.setTools([tool, honest({ name: 'act', annotations: {} })]);
      server.expireSessions();
      await expect(call()).rejects.toMatchObject({ kind: 'refused' });
      expect(server.calls()).toHaveLength(1);
      expect(await fixture.offered(on)).toEqual(['act']);
    },
  );

  it('that is told by the server is off at once, and others stay on', async () => {
    await call();
    await eventually('the listening stream', () => server.listeners() === 1);
    server.setTools([honest({ description: 'Other.' }), honest({ name: 'act', annotations: {} })], { tell: true });
    await eventually('the quarantine', async () => (await fixture.states(on)).add === 'quarantined');
    await expect(call()).rejects.toThrow('has changed since it was accepted');
    expect(await call('act')).toMatchObject({ isError: false });
    const { leftOut } = await fixture.host.offer(fixture.whom, undefined);
    expect(leftOut).toContainEqual(expect.objectContaining({ connectionId: on.connectionId, reason: 'quarantined' }));
  });

  it('with a new tool leaves it off until an admin accepts exactly what was shown', async () => {
    server.setTools([honest(), honest({ name: 'new' })]);
    await fixture.host.refresh(on, never);
    expect(await fixture.states(on)).toEqual({ add: 'active', act: 'removed', new: 'quarantined' });
    await expect(call('new')).rejects.toMatchObject({ kind: 'refused' });
    const { slug } = await fixture.row(on);
    const name = `${slug}__new`;
    expect(await fixture.accept(on, [{ name, hash: 'another' }])).toEqual({ accepted: [], notAccepted: [name] });
    expect(await fixture.accept(on)).toEqual({ accepted: [name], notAccepted: [] });
    expect(await call('new')).toMatchObject({ isError: false });
  });

  it('that is taken back is on again without anybody', async () => {
    server.setTools([honest({ title: 'x' })]);
    await fixture.host.refresh(on, never);
    expect(await fixture.states(on)).toEqual({ add: 'quarantined', act: 'removed' });
    server.setTools([honest(), honest({ name: 'act', annotations: {} })]);
    await fixture.host.refresh(on, never);
    expect(await fixture.states(on)).toEqual({ add: 'active', act: 'active' });
  });

  it('cannot take the name of a tool that is there already', async () => {
    server.setTools([honest(), honest({ name: 'a.b' })]);
    await fixture.host.refresh(on, never);
    server.setTools([honest({ name: 'a_b' }), honest({ name: 'a.b' }), honest()]);
    await fixture.host.refresh(on, never);
    expect(await fixture.states(on)).toMatchObject({ add: 'active', 'a.b': 'quarantined', a_b: 'quarantined' });
    const { accepted } = await fixture.accept(on);
    expect(accepted).toEqual([/__a_b$/, /__a_b_[0-9a-f]{8}$/].map((name) => expect.stringMatching(name)));
    expect(await fixture.offered(on)).toEqual(['a.b', 'a_b', 'add']);
  });
});

describe('the circuit', () => {
  it('opens after five lost answers in a row, for every process, and closes with one that works', async () => {
    server.setCall(() => ({ status: 500 }));
    for (let nth = 1; nth <= 5; nth++) await expect(call()).rejects.toMatchObject({ kind: 'unknown' });
    const other = openHost(database, acme);
    for (const { host } of [fixture, other])
      await expect(host.call(on, 'add', {}, options)).rejects.toMatchObject({
        kind: 'broken',
        retryAfterMs: expect.any(Number),
      });
    expect(server.calls()).toHaveLength(5);
    expect(await fixture.offered(on)).toEqual([]);
    await other.host.close();

    await change({ broken_until: new Date().toISOString() });
    await expect(call()).rejects.toMatchObject({ kind: 'unknown' });
    await expect(call()).rejects.toMatchObject({ kind: 'broken' });
    await change({ broken_until: new Date().toISOString() });
    server.setCall(() => ({ result: { content: [] } }));
    await call();
    expect(await fixture.row(on)).toMatchObject({
      health: 'healthy',
      failures: 0,
      broken_until: null,
      last_error: null,
    });
  });

  it.each([
    ['a tool’s own failures', { result: { content: [], isError: true } }],
    ['refusals', { status: 403 }],
    ['being told to wait', { status: 429, headers: { 'retry-after': '1' } }],
  ])('is not opened by %s', async (_what, reply) => {
    server.setCall(() => reply);
    for (let nth = 1; nth <= 6; nth++) await call().catch(() => undefined);
    expect(server.calls()).toHaveLength(6);
    expect(await fixture.row(on)).toMatchObject({ failures: 0, broken_until: null });
  });

  it('counts a server that is away', async () => {
    await fixture.host.forget(on);
    await server.close();
    await expect(call()).rejects.toMatchObject({ kind: 'unavailable' });
    expect(await fixture.row(on)).toMatchObject({
      failures: 1,
      health: 'failing',
      last_error: expect.stringContaining('Acme'),
    });
  });
});

describe('a grant that is over', () => {
  it('is written down; its tools stay on offer, because a person is asked when somebody wants to use one', async () => {
    server.setCall(() => ({ status: 401 }));
    await expect(call()).rejects.toMatchObject({ kind: 'reconnect' });
    expect(await fixture.row(on)).toMatchObject({ health: 'reconnect' });
    expect(await fixture.offered(on)).toEqual(['act', 'add']);
    server.setCall(() => ({ result: { content: [] } }));
    await call();
    expect(await fixture.row(on)).toMatchObject({ health: 'healthy' });
  });
});

describe('a server with odd tools', () => {
  it('offers those that can be used, and names the rest in the connection', async () => {
    const odd = await createFakeMcp({
      tools: [
        honest({ name: '검색' }),
        honest({ name: '저장' }),
        honest({ name: 'wish', inputSchema: { type: 'object', properties: { a: { type: 'wish' } } } }),
        { name: 'list', inputSchema: { type: 'array' } },
        { name: 'tuple', inputSchema: { type: 'object', properties: { a: { items: [{ type: 'string' }] } } } },
      ],
    });
    const other = await fixture.connect({ url: odd.url });
    await fixture.host.refresh(other, never);
    expect((await fixture.offered(other)).toSorted()).toEqual(['tuple', '검색', '저장']);
    expect((await fixture.row(other)).unusable_tools).toEqual([
      { tool: 'wish', reason: expect.stringContaining('no type') },
      { tool: 'list', reason: expect.stringContaining('not named arguments') },
    ]);
    for (const name of ['검색', '저장']) await fixture.host.call(other, name, {}, options);
    expect(odd.calls().map(({ tool }) => tool)).toEqual(['검색', '저장']);
    await Promise.all([fixture.host.forget(other), odd.close()]);
  });
});

describe('a test', () => {
  it.each([
    ['nothing is at the address', { status: 404 }, 'connectivity', /nothing at this address/],
    ['a page is', { status: 200, headers: { 'content-type': 'text/html' }, body: '<p>' }, 'connectivity', /web page/],
    ['the door is closed', { status: 403 }, 'credentials', /403/],
    ['there is a door', { status: 401 }, 'credentials', /asks for credentials/],
    ['there are too many calls', { status: 429 }, 'limits', /fewer calls/],
  ])('says what was really tried where %s, and the connection says so too', async (_what, reply, check, words) => {
    const other = await fixture.connect({ url: server.url });
    server.failNext('initialize', reply, 2);
    const told = await fixture.host.test(other, never);
    expect(told.ok).toBe(false);
    expect(told.checks.at(-1)).toMatchObject({ check, ok: false, detail: expect.stringMatching(words) });
    expect(told.checks.slice(0, -1).every(({ ok, detail }) => ok && detail.startsWith('The server '))).toBe(true);
    const { health, last_error: lastError } = await fixture.row(other);
    expect([health, lastError]).toEqual([expect.stringMatching(/failing|reconnect/), expect.stringMatching(words)]);
  });

  it('of a server without ping is passed', async () => {
    server.failNext('ping', { error: { code: -32601, message: 'Method not found' } });
    expect(await fixture.host.test(on, never)).toMatchObject({ ok: true });
  });

  it('tells what it found', async () => {
    const told = await fixture.host.test(on, never);
    expect(told).toMatchObject({ ok: true, tools: 2 });
    expect(told.checks.map(({ check, ok }) => [check, ok])).toEqual([
      ['credentials', true],
      ['connectivity', true],
      ['permissions', true],
      ['limits', true],
    ]);
  });

  it('tells what is missing', async () => {
    server.failNext('tools/list', { status: 401 });
    const told = await fixture.host.test(on, never);
    expect(told).toMatchObject({ ok: false });
    expect(told.checks.at(-1)).toMatchObject({ check: 'credentials', ok: false });
  });
});
