import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { withOrganization } from '../../../../db/organization.ts';
import { insertKey } from '../../../../db/queries/key-pool.ts';
import { insertOauthState } from '../../../../db/queries/connections.ts';
import { rotateSecrets } from '../../../../db/rotate-secrets.ts';
import { createSealer, sealedFor } from '../../../../db/sealing.ts';
import { createFakeIdentity, type FakeIdentity } from '../../../fakes/identity/index.ts';
import { createCredentials } from '../../../../adapters/mcp/host/oauth/create-credentials.ts';
import { createTenant } from '../../../db/world.ts';
import { openTestDatabase, type TestDatabase } from '../../../support/database.ts';
import { eventually } from '../../../support/eventually.ts';
import { connect, egress, grantOf, newKey, openDueNubabel, rowOf, statusOf, storeOf } from './nubabel.ts';

let database: TestDatabase;
let identity: FakeIdentity;
beforeAll(async () => {
  database = await openTestDatabase(20);
  identity = await createFakeIdentity();
});
afterAll(async () => {
  await identity?.close();
  await database?.drop();
});

const CANARY = 'key-canary-9431';
const [old, fresh] = [newKey('old'), newKey('new')];
const sealer = createSealer([old]);
const rotated = createSealer([fresh, old]);
const tenantOf = () => createTenant(database.db);
const put = (id: string, column: 'credentials' | 'auth_state', text: string | null) =>
  database.look(`update connections set ${column} = $2 where id = $1`, [id, text]);

describe('a sealed secret (T17)', () => {
  it('stands nowhere in the clear', async () => {
    const on = await connect(database, sealer, await tenantOf(), {
      url: identity.resourceUrl,
      auth: { kind: 'api_key', apiKey: CANARY },
    });
    const state = await grantOf(identity);
    const granted = await connect(database, sealer, await tenantOf(), { url: identity.resourceUrl, state });
    expect(await storeOf(database, sealer).read(on)).toMatchObject({ auth: { kind: 'api_key', apiKey: CANARY } });
    const rows = JSON.stringify(await database.look('select c.*, a.* from connections c left join audit a on true'));
    for (const secret of [CANARY, state.tokens?.accessToken ?? '?', state.tokens?.refreshToken ?? '?'])
      expect(rows).not.toContain(secret);
    expect((await rowOf(database, granted)).auth_state).toMatch(/^v1\.old\./);
  });

  it.each(['credentials', 'auth_state'] as const)('does not open in another row or tenant: %s', async (column) => {
    const tenants = await Promise.all([tenantOf(), tenantOf()]);
    const given = { url: identity.resourceUrl, state: await grantOf(identity) };
    const [mine, sibling, foreign] = await Promise.all(
      [tenants[0], tenants[0], tenants[1]].map((tenant) => connect(database, sealer, tenant, given)),
    );
    if (!mine || !sibling || !foreign) throw new Error('no connections');
    for (const thief of [sibling, foreign]) {
      await put(thief.connectionId, column, (await rowOf(database, mine))[column]);
      const read = storeOf(database, sealer).read(thief);
      await expect(read).rejects.toMatchObject({
        kind: 'reconnect',
        message: expect.stringContaining('damaged') as unknown,
      });
      expect(await rowOf(database, thief)).toMatchObject({ health: 'reconnect' });
    }
    expect((await storeOf(database, sealer).read(mine)).auth.kind).toBe('oauth');
  });

  it('does not open in the other column of its own row', async () => {
    const on = await connect(database, sealer, await tenantOf(), {
      url: identity.resourceUrl,
      state: await grantOf(identity),
    });
    await put(on.connectionId, 'auth_state', (await rowOf(database, on)).credentials);
    await expect(storeOf(database, sealer).read(on)).rejects.toMatchObject({ kind: 'reconnect' });
  });

  it.each([
    ['another key', createSealer([fresh]), /No key of CREDENTIAL_KEYS is named old/],
    ['no keys', undefined, /CREDENTIAL_KEYS is not set/],
  ])('with %s is for the operator to mend: nobody is asked to enter it again', async (_, other, says) => {
    const on = await connect(database, sealer, await tenantOf(), {
      url: identity.resourceUrl,
      auth: { kind: 'api_key', apiKey: CANARY },
    });
    const { tokenFor } = createCredentials({ store: storeOf(database, other), fetch: egress });
    const failed = await tokenFor(on, await rowOf(database, on)).catch((error: unknown) => error);
    expect(failed).toMatchObject({ kind: 'unavailable', message: expect.stringMatching(says) as unknown });
    expect(String(failed)).not.toContain('canary');
    expect(await rowOf(database, on)).toMatchObject({ health: 'failing' });
    const mended = createCredentials({ store: storeOf(database, sealer), fetch: egress });
    expect(await mended.tokenFor(on, await rowOf(database, on))).toEqual({ token: CANARY });
  });
});

describe('a rotation of keys', () => {
  it('seals everything anew while grants are renewed and calls are made, and no call fails', async () => {
    // Tokens that are due after a quarter of a second: there is always somebody who renews.
    identity.settings.tokenSeconds = 0.5;
    const instances = await Promise.all([1, 2, 3].map(() => openDueNubabel(database, identity, old)));
    const until = { isOver: false };
    const callers = instances.flatMap(({ on }) => {
      const credentials = createCredentials({ store: storeOf(database, rotated), fetch: egress });
      const call = credentials.fetchFor(on, { url: identity.resourceUrl }, egress);
      return [1, 2].map(async () => {
        const statuses: number[] = [];
        while (!until.isOver) statuses.push(await statusOf(call(identity.resourceUrl, { method: 'POST' })));
        return statuses;
      });
    });
    const refreshes = () => identity.lines.filter(({ grant }) => grant === 'refresh_token').length;
    const counts = await rotateSecrets({ db: database.db, sealer: rotated, keyId: 'new' });
    await eventually('grants to be renewed during rotations', async () => {
      await rotateSecrets({ db: database.db, sealer: createSealer([old, fresh]), keyId: 'old' });
      await rotateSecrets({ db: database.db, sealer: rotated, keyId: 'new' });
      return refreshes() >= 12;
    });
    until.isOver = true;
    const statuses = (await Promise.all(callers)).flat();
    await rotateSecrets({ db: database.db, sealer: rotated, keyId: 'new' });
    const again = await rotateSecrets({ db: database.db, sealer: rotated, keyId: 'new' });
    expect(identity.count('reuse')).toBe(0);
    expect(statuses.length).toBeGreaterThan(10);
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(counts.resealed).toBeGreaterThanOrEqual(3);
    expect(again.resealed).toBe(0);
    for (const { on } of instances) {
      const row = await rowOf(database, on);
      expect([row.credentials, row.auth_state]).toEqual([
        expect.stringMatching(/^v1\.new\./),
        expect.stringMatching(/^v1\.new\./),
      ]);
      expect((await storeOf(database, createSealer([fresh])).read(on)).auth.kind).toBe('oauth');
    }
  });

  it('takes model keys and grants that are under way along, names what does not open, and is told', async () => {
    const tenant = await tenantOf();
    const { organizationId, userId } = tenant;
    const on = await connect(database, sealer, tenant, { url: identity.resourceUrl });
    const keyId = crypto.randomUUID();
    const stateHash = Buffer.alloc(32, 7);
    await withOrganization(database.db, organizationId, async (trx) => {
      const sealed = sealer.seal(CANARY, sealedFor.modelKey(organizationId, keyId));
      await insertKey(trx, {
        organization_id: organizationId,
        id: keyId,
        name: 'ours',
        last_four: '9431',
        fingerprint: keyId,
        sealed,
        user_id: userId,
      });
      await insertOauthState(trx, {
        organization_id: organizationId,
        state_hash: stateHash,
        connection_id: on.connectionId,
        user_id: userId,
        sealed: sealer.seal('{}', sealedFor.oauthState(organizationId, stateHash)),
        expires_at: new Date(Date.now() + 60_000).toISOString(),
      });
    });
    const lost = await connect(database, createSealer([newKey('lost')]), tenant, { url: identity.resourceUrl });
    const before = await rowOf(database, lost);
    const found: unknown[] = [];
    const counts = await rotateSecrets({
      db: database.db,
      sealer: rotated,
      keyId: 'new',
      onOrganization: (id, { resealed, unopened }) => id === organizationId && found.push({ resealed, unopened }),
    });
    const unopened = [`connections.credentials ${lost.connectionId}`];
    expect(found).toEqual([{ resealed: 3, unopened }]);
    expect(counts.unopened).toEqual(expect.arrayContaining(unopened));
    expect(await rowOf(database, lost)).toEqual(before);
    const [key] = await database.look<{ sealed: string }>('select sealed from model_keys where id = $1', [keyId]);
    expect(createSealer([fresh]).open(key?.sealed ?? '', sealedFor.modelKey(organizationId, keyId))).toBe(CANARY);
    const told = await database.look<{ details: unknown }>(
      `select details from audit where action = 'credentials.rotated' and organization_id = $1`,
      [organizationId],
    );
    expect(told).toEqual([{ details: expect.objectContaining({ keyId: 'new', resealed: 3, unopened }) }]);
  });
});
