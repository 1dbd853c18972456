import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createSealer } from '../../../../db/sealing.ts';
import { createFakeIdentity, type FakeIdentity } from '../../../fakes/identity/index.ts';
import type { ConnectionRef } from '../../../../domain/tools/tool-ports.ts';
import { createTenant, type Tenant } from '../../../db/world.ts';
import { openTestDatabase, type TestDatabase } from '../../../support/database.ts';
import {
  askFor,
  backInBrowser,
  beginGrant,
  createCaller,
  openGrantDoor,
  PUBLIC_URL,
  type Caller,
  type GrantDoor,
} from './door.ts';
import { connect, newKey, rowOf, storeOf, type ConnectionGiven } from './nubabel.ts';

/** T36: a grant is taken up once, in time, in the same browser, from the server that was asked. */
let database: TestDatabase;
let identity: FakeIdentity;
let tenant: Tenant;
let admin: Caller;
let door: GrantDoor;
const sealer = createSealer([newKey('k1')]);
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database?.drop());
beforeEach(async () => {
  identity = await createFakeIdentity();
  tenant = await createTenant(database.db);
  admin = await createCaller(database, tenant, 'admin');
  door = openGrantDoor(database, sealer);
});
afterEach(() => identity.close());

const connectHere = (more: Partial<ConnectionGiven> = {}) =>
  connect(database, sealer, tenant, { url: identity.resourceUrl, ...more });

const authorize = (on: ConnectionRef, caller: Caller = admin) => askFor(door, on, caller);
const begin = (on: ConnectionRef, caller: Caller = admin) => beginGrant(door, on, caller);
const comeBack = (to: URL, cookie: string | undefined, language?: string) => backInBrowser(door, to, cookie, language);

const auditOf = (on: ConnectionRef) =>
  database.look<{ action: string; outcome: string; details: Record<string, unknown> }>(
    `select action, outcome, details from audit where subject = $1 order by at`,
    [on.connectionId],
  );

/** Refused, told in the audit, and no secret sent to anybody. */
async function expectRefused(on: ConnectionRef, outcome: string): Promise<void> {
  const told = await auditOf(on);
  expect(told.at(-1)).toMatchObject({ action: 'connection.authorized', outcome: 'rejected', details: { outcome } });
  expect(identity.count('token')).toBe(0);
  expect((await rowOf(database, on)).auth_state).toBeNull();
}

it('connects: asked, granted, taken up, stored sealed, told, and nothing secret is said to anybody', async () => {
  const on = await connectHere();
  const { url, cookie, setCookie } = await begin(on);
  expect(setCookie).toMatch(/; HttpOnly; Secure; SameSite=Lax$/);
  expect(new URL(url).searchParams.get('redirect_uri')).toBe(`${PUBLIC_URL}/api/connections/oauth/callback`);
  expect(await comeBack(await identity.grant(url), cookie)).toContain('<h1>Connected</h1>');
  const { state } = await storeOf(database, sealer).read(on);
  expect(state.tokens?.accessToken).toMatch(/^at_/);
  expect(await rowOf(database, on)).toMatchObject({ health: 'unknown', last_error: null, auth_version: 1 });
  expect(door.forgotten).toEqual([on]);
  const told = await auditOf(on);
  expect(told.map(({ action, outcome }) => `${action} ${outcome}`)).toEqual([
    'connection.authorize done',
    'connection.authorized done',
  ]);
  const everything = JSON.stringify([door.said, told]);
  for (const secret of [state.tokens?.accessToken ?? '?', state.tokens?.refreshToken ?? '?'])
    expect(everything).not.toContain(secret);
});

it('tells people in their language, and says nothing that came with the request', async () => {
  const on = await connectHere();
  const { url, cookie } = await begin(on);
  expect(await comeBack(await identity.grant(url), cookie, 'ko-KR,ko;q=0.9,en;q=0.8')).toContain('연결되었습니다');
  const forged = new URL(
    `${PUBLIC_URL}/api/connections/oauth/callback?state=<script>x</script>&error=<b>canary</b>&iss=//evil.test`,
  );
  const page = await comeBack(forged, undefined);
  expect(page).not.toMatch(/canary|script|evil/);
  const open = await door.request('/api/connections/oauth/done?outcome=https://evil.test');
  expect(await open.text()).not.toContain('evil');
});

describe('who may grant', () => {
  it('admins for the organization, people for their own, guests nothing, outsiders see nothing', async () => {
    const [user, guest] = [await createCaller(database, tenant, 'user'), await createCaller(database, tenant, 'guest')];
    const outsider = await createCaller(database, await createTenant(database.db), 'admin');
    const [ours, own] = [await connectHere(), await connectHere({ personalOf: user.userId })];
    const statuses = async (on: ConnectionRef) =>
      Promise.all([admin, user, guest, outsider].map(async (caller) => (await authorize(on, caller)).status));
    expect(await statuses(ours)).toEqual([200, 403, 403, 404]);
    expect(await statuses(own)).toEqual([403, 200, 403, 404]);
  });

  it('looks again when the grant comes back', async () => {
    const on = await connectHere();
    const { url, cookie } = await begin(on);
    const back = await identity.grant(url);
    await database.look(`update users set role = 'user' where id = $1`, [admin.userId]);
    expect(await comeBack(back, cookie)).toContain('Not connected');
    await expectRefused(on, 'refused');
  });

  it('has nothing to grant where there is a key', async () => {
    const on = await connectHere({ auth: { kind: 'api_key', apiKey: 'key-canary' } });
    const response = await authorize(on);
    expect(response.status).toBe(409);
    expect(await response.text()).not.toContain('canary');
  });
});

describe('a grant is refused, and nothing is sent anywhere', () => {
  it.each([
    ['without state', (back: URL) => back.searchParams.delete('state'), 'This link is over'],
    ['with another state', (back: URL) => back.searchParams.set('state', 'A'.repeat(43)), 'This link is over'],
  ])('%s', async (_, change, says) => {
    const on = await connectHere();
    const { url, cookie } = await begin(on);
    const back = await identity.grant(url);
    change(back);
    expect(await comeBack(back, cookie)).toContain(says);
    expect(identity.count('token')).toBe(0);
    expect((await rowOf(database, on)).auth_state).toBeNull();
  });

  it('too late', async () => {
    const on = await connectHere();
    const { url, cookie } = await begin(on);
    const back = await identity.grant(url);
    await database.look(`update oauth_states set expires_at = now() where connection_id = $1`, [on.connectionId]);
    expect(await comeBack(back, cookie)).toContain('ten minutes');
    expect(identity.count('token')).toBe(0);
  });

  it.each([
    ['in a browser without the cookie', undefined],
    ['in a browser with the cookie of another grant', 'other'],
  ])('%s', async (_, which) => {
    const on = await connectHere();
    const [one, other] = [await begin(on), await begin(on)];
    const cookie = which && `${one.cookie.split('=')[0]}=${other.cookie.split('=')[1]}`;
    expect(await comeBack(await identity.grant(one.url), cookie)).toContain('Another browser');
    await expectRefused(on, 'browser');
  });

  it.each([
    ['from another server (mix-up)', (back: URL) => back.searchParams.set('iss', 'https://evil.test'), 'refused'],
    ['without the name of the server that gives it', (back: URL) => back.searchParams.delete('iss'), 'refused'],
    ['without a code', (back: URL) => back.searchParams.delete('code'), 'refused'],
    ['when the person says no', (back: URL) => back.searchParams.set('error', 'access_denied'), 'denied'],
    ['when the server has trouble', (back: URL) => back.searchParams.set('error', 'server_error'), 'refused'],
  ])('%s', async (_, change, outcome) => {
    const on = await connectHere();
    const { url, cookie } = await begin(on);
    const back = await identity.grant(url);
    change(back);
    expect(await comeBack(back, cookie)).toContain('Not connected');
    await expectRefused(on, outcome);
  });

  it('a second time: of two at once one is taken, and the grant stands', async () => {
    const on = await connectHere();
    const { url, cookie } = await begin(on);
    const back = await identity.grant(url);
    const pages = await Promise.all([comeBack(back, cookie), comeBack(back, cookie)]);
    expect(pages.filter((page) => page.includes('<h1>Connected</h1>'))).toHaveLength(1);
    expect(pages.filter((page) => page.includes('used before'))).toHaveLength(1);
    expect(identity.count('token')).toBe(1);
    expect(identity.count('reuse')).toBe(0);
    expect(await auditOf(on)).toContainEqual(
      expect.objectContaining({
        outcome: 'rejected',
        details: expect.objectContaining({ outcome: 'used' }) as unknown,
      }),
    );
  });

  it.each([
    ['has no PKCE', { pkceMethods: undefined }],
    ['speaks in another name', { claimsIssuer: 'https://honest.test' }],
    ['names another resource', { claimsResource: 'https://honest.test/mcp' }],
  ])('to a server that %s: nobody is sent there', async (_, settings) => {
    Object.assign(identity.settings, settings);
    const on = await connectHere();
    const response = await authorize(on);
    expect(response.status).toBe(409);
    expect(await auditOf(on)).toEqual([
      expect.objectContaining({ action: 'connection.authorize', outcome: 'rejected' }),
    ]);
    expect(identity.count('register')).toBe(0);
  });

  it('to an address inside of our own network', async () => {
    const { createGuardedFetch } = await import('../../../../adapters/mcp/host/egress.ts');
    const { createAuthorizations } = await import('../../../../adapters/mcp/host/oauth/authorize.ts');
    const authorizations = createAuthorizations(createGuardedFetch({ allowPrivate: false }));
    door = openGrantDoor(database, sealer, { authorizations });
    const on = await connectHere();
    expect((await authorize(on)).status).toBe(409);
    expect(identity.lines).toEqual([]);
  });
});

it('a code that the server does not take, or cannot take now, connects nothing', async () => {
  const on = await connectHere();
  for (const [fault, says] of [
    [{ status: 503 }, 'Not connected yet'],
    [{ status: 400, body: { error: 'invalid_grant', error_description: 'canary' } }, 'Not connected</h1>'],
  ] as const) {
    identity.settings.tokenFaults.push(fault);
    const { url, cookie } = await begin(on);
    expect(await comeBack(await identity.grant(url), cookie)).toContain(says);
  }
  expect((await rowOf(database, on)).auth_state).toBeNull();
  expect(JSON.stringify([await auditOf(on), door.said])).not.toContain('canary');
});

describe('a registration that the server does not take any more', () => {
  async function granted() {
    const on = await connectHere();
    const { url, cookie } = await begin(on);
    await comeBack(await identity.grant(url), cookie);
    return on;
  }

  it.each([['invalid_client'], ['unauthorized_client'], ['invalid_scope']])(
    'is told with %s on the page, and the next grant registers anew',
    async (error) => {
      const on = await granted();
      const { url, cookie } = await begin(on);
      const back = await identity.grant(url);
      back.searchParams.delete('code');
      back.searchParams.set('error', error);
      expect(await comeBack(back, cookie)).toContain('connect again: Nubabel registers there again');
      const again = await begin(on);
      expect(await comeBack(await identity.grant(again.url), again.cookie)).toContain('<h1>Connected</h1>');
      expect(identity.count('register', 'registered')).toBe(2);
    },
  );

  it('is told when the code comes to be changed for tokens', async () => {
    const on = await granted();
    const { url, cookie } = await begin(on);
    identity.settings.tokenFaults.push({ status: 401, body: { error: 'invalid_client' } });
    expect(await comeBack(await identity.grant(url), cookie)).toContain('connect again: Nubabel registers there again');
    const again = await begin(on);
    expect(await comeBack(await identity.grant(again.url), again.cookie)).toContain('<h1>Connected</h1>');
    expect(identity.count('register', 'registered')).toBe(2);
  });

  it('and a scope that nobody is given is no registration’s fault: the page says what to do', async () => {
    const on = await connectHere();
    const { url, cookie } = await begin(on);
    const back = await identity.grant(url);
    back.searchParams.delete('code');
    back.searchParams.set('error', 'invalid_scope');
    expect(await comeBack(back, cookie)).toContain('name the scopes');
  });
});

it('a code is spent once, and what it brought is kept while the database is away for a moment', async () => {
  const on = await connectHere();
  const { url, cookie } = await begin(on);
  const back = await identity.grant(url);
  identity.settings.beforeToken = async () => {
    // As a restart of the database between the answer and its row: every session of ours ends.
    await database.look(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid() and usename <> session_user`,
    );
    return 'go on';
  };
  expect(await comeBack(back, cookie)).toContain('<h1>Connected</h1>');
  expect(identity.count('token')).toBe(1);
  expect((await storeOf(database, sealer).read(on)).state.tokens?.accessToken).toMatch(/^at_/);
});

describe('our client-id document', () => {
  it('describes us, and only where authorization servers can read it', async () => {
    const response = await door.request('/oauth/client-metadata.json');
    expect(await response.json()).toMatchObject({
      client_id: `${PUBLIC_URL}/oauth/client-metadata.json`,
      redirect_uris: [`${PUBLIC_URL}/api/connections/oauth/callback`],
    });
    const inside = openGrantDoor(database, sealer, {
      publicUrl: 'http://localhost:3000',
      allowPrivateAddresses: false,
    });
    expect((await inside.request('/oauth/client-metadata.json')).status).toBe(404);
  });
});
