import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ConnectionTest, ConnectionView } from '../../contracts/connections.ts';
import type { FakeMcp } from '../fakes/mcp/index.ts';
import {
  connect,
  CONNECTIONS,
  newWiki,
  openWiki,
  patch,
  post,
  read,
  toolsOf,
  type Asker,
} from '../support/connections.ts';
import { expectProblem } from '../support/doors.ts';
import { startSharedNubabel, type Nubabel } from '../support/nubabel.ts';
import { addPerson, type Person } from '../support/people.ts';

let nubabel: Nubabel;
let member: Person;
let server: FakeMcp;
beforeAll(async () => {
  nubabel = await startSharedNubabel();
  member = await addPerson(nubabel);
}, 90_000);
afterAll(() => nubabel?.close());
beforeEach(async () => {
  server = await openWiki();
});
afterEach(() => server.close());

describe('a test', () => {
  it('tells each thing that it has looked at, and how long the answer took', async () => {
    const made = await connect(nubabel, server);
    const test = await read<ConnectionTest>(await post(nubabel, `${CONNECTIONS}/${made.id}/test`));
    expect(test).toMatchObject({ ok: true, tools: 2, connection: { id: made.id, health: 'healthy' } });
    expect(test.checks.map(({ check }) => check).sort()).toEqual([
      'connectivity',
      'credentials',
      'limits',
      'permissions',
    ]);
    expect(test.checks.every(({ ok, detail }) => ok && /\S/.test(detail))).toBe(true);
  });

  it('of a server that hangs is over in its time, and says so', async () => {
    const made = await connect(nubabel, server);
    for (const method of ['initialize', 'ping', 'tools/list']) server.failNext(method, { hang: true }, 20);
    const startedAt = Date.now();
    const test = await read<ConnectionTest>(await post(nubabel, `${CONNECTIONS}/${made.id}/test`));
    expect(Date.now() - startedAt).toBeLessThan(24_000);
    expect(test).toMatchObject({
      ok: false,
      connection: { health: 'failing', lastError: expect.stringMatching(/\S/) },
    });
  }, 60_000);
});

describe('who may', () => {
  it('connect the organization, trust a server and change what is everybody’s: admins', async () => {
    await expectProblem(await post(member, CONNECTIONS, newWiki(server)), 403);
    await expectProblem(await post(member, CONNECTIONS, newWiki(server, { personal: true, trusted: true })), 403);
    const made = await connect(nubabel, server);
    await expectProblem(await patch(member, made.id, { name: 'Mine' }), 403);
    await expectProblem(await member.request(`${CONNECTIONS}/${made.id}`, { method: 'DELETE' }), 403);
    expect((await post(member, `${CONNECTIONS}/${made.id}/test`)).status).toBe(200);
    expect((await toolsOf(member, made.id)).tools).toHaveLength(2);
  });

  it('use and mend a personal connection: its owner, whom nobody can make work in another name', async () => {
    const made = await connect(member, server, { personal: true });
    expect(made).toMatchObject({ personal: true, userId: member.userId, tools: { active: 2 } });
    const other = await addPerson(nubabel);
    await expectProblem(await other.request(`${CONNECTIONS}/${made.id}`), 404);
    await expectProblem(await post(nubabel, `${CONNECTIONS}/${made.id}/test`), 403);
    await expectProblem(await patch(nubabel, made.id, { auth: { kind: 'none' } }), 403);
    await expectProblem(
      await patch(nubabel, made.id, { url: 'https://evil.example.com/mcp', auth: { kind: 'none' } }),
      403,
    );
    const listOf = async (by: Asker) =>
      (await read<{ connections: ConnectionView[] }>(await by.request(`${CONNECTIONS}?provider=${made.provider}`)))
        .connections;
    expect([await listOf(other), (await listOf(nubabel)).length, (await listOf(member)).length]).toEqual([[], 1, 1]);
    const toolsFor = async (by: Asker) =>
      (await read<{ tools: { connectionId: string }[] }>(await by.request('/api/tools'))).tools.filter(
        ({ connectionId }) => connectionId === made.id,
      ).length;
    expect([await toolsFor(nubabel), await toolsFor(other), await toolsFor(member)]).toEqual([0, 0, 2]);
    expect((await patch(nubabel, made.id, { enabled: false })).status).toBe(200);
    expect((await nubabel.request(`${CONNECTIONS}/${made.id}`, { method: 'DELETE' })).status).toBe(204);
  });

  it('trust a server: an admin, for the address that it had then', async () => {
    const admin = await addPerson(nubabel, { role: 'admin' });
    const made = await connect(admin, server, { personal: true, trusted: true });
    expect(made.trusted).toBe(true);
    const role = (name: string) =>
      nubabel.database.look('update users set role = $1 where id = $2 returning id', [name, admin.userId]);
    const elsewhere = await openWiki();
    const there = { url: elsewhere.url };
    await role('user');
    await expectProblem(await patch(admin, made.id, { ...there, auth: { kind: 'none' }, trusted: true }), 403);
    expect(await read(await patch(admin, made.id, { name: 'Renamed' }))).toMatchObject({ trusted: true });
    expect(await read(await patch(admin, made.id, { ...there, auth: { kind: 'none' } }))).toMatchObject({
      url: elsewhere.url,
      trusted: false,
    });
    await role('admin');
    const back = { url: server.url, auth: { kind: 'none' } };
    expect(await read(await patch(admin, made.id, { ...back, trusted: true }))).toMatchObject({ trusted: true });
    const issuer = { kind: 'oauth', clientId: 'x', authorizationUrl: server.url, tokenUrl: server.url };
    expect(await read(await patch(admin, made.id, { auth: issuer }))).toMatchObject({ trusted: false });
    await elsewhere.close();
  });

  it('see connections page by page: everybody', async () => {
    const guest = await addPerson(nubabel, { newOrganization: 'Pages', role: 'admin' });
    const ids: string[] = [];
    for (let n = 0; n < 3; n++) ids.push((await connect(guest, server, { auth: { kind: 'none' } })).id);
    const page = async (query: string) =>
      (await read<{ connections: ConnectionView[] }>(await guest.request(`${CONNECTIONS}?${query}`))).connections.map(
        ({ id }) => id,
      );
    expect(await page('limit=2')).toEqual(ids.slice(0, 2));
    expect(await page(`limit=2&after=${ids[1]}`)).toEqual(ids.slice(2));
    expect(await page('health=healthy')).toEqual([]);
  });
});
