import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { countTools, listPinnedTools, pinTools, quarantineTool } from '../../db/queries/connection-tools.ts';
import {
  deleteConnection,
  findConnection,
  getConnection,
  insertConnection,
  listConnections,
  recordCallFailed,
  recordCallWorked,
  setNeedsReconnect,
} from '../../db/queries/connections.ts';
import { refreshTools } from '../../domain/tools/refresh-tools.ts';
import type { ToolSession } from '../../domain/tools/tool-ports.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTenant, type Tenant } from './world.ts';

let database: TestDatabase;
let acme: Tenant;
let globex: Tenant;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database?.drop());
beforeEach(async () => {
  [acme, globex] = await Promise.all([createTenant(database.db), createTenant(database.db, 'Globex')]);
});

const within = <T>(work: (trx: OrganizationTransaction) => Promise<T>, tenant = acme) =>
  withOrganization(database.db, tenant.organizationId, work);
const connect = async (slug = 'wiki', userId: string | null = null, tenant = acme) => {
  const id = randomUUID();
  const row = { id, provider: 'wiki', slug, name: 'Wiki', kind: 'remote' as const, auth_kind: 'none' as const };
  const inserted = await within(
    (trx) => insertConnection(trx, { organization_id: tenant.organizationId, user_id: userId, ...row }),
    tenant,
  );
  return inserted ? id : undefined;
};
const definition = { name: 'a', description: '', inputSchema: { type: 'object' }, annotations: {} };
const listed = (remoteName: string) => ({ name: `wiki__${remoteName}`, remoteName, definition, hash: remoteName });

describe('a connection', () => {
  it('has its slug alone, among the organization’s and among each person’s', async () => {
    expect(await connect()).toBeDefined();
    expect(await connect()).toBeUndefined();
    expect(await connect('wiki', acme.userId)).toBeDefined();
    expect(await connect('wiki', acme.userId)).toBeUndefined();
    expect(await connect('wiki', null, globex)).toBeDefined();
  });

  it('is its organization’s alone', async () => {
    const id = (await connect()) ?? '';
    expect(await within((trx) => findConnection(trx, id), globex)).toBeUndefined();
    expect(await within((trx) => listConnections(trx), globex)).toEqual([]);
    expect(await within((trx) => deleteConnection(trx, id), globex)).toBe(false);
    expect(await within((trx) => deleteConnection(trx, id))).toBe(true);
  });

  it('rests after so many failures in a row, also when they are counted at the same time', async () => {
    const id = (await connect()) ?? '';
    const fail = () => within((trx) => recordCallFailed(trx, id, { error: 'away', maxFailures: 5, restSeconds: 60 }));
    const rests = await Promise.all(Array.from({ length: 5 }, fail));
    expect(rests.filter((rest) => rest !== null)).toHaveLength(1);
    expect(await within((trx) => getConnection(trx, id))).toMatchObject({
      failures: 5,
      health: 'failing',
      last_error: 'away',
    });
    await within((trx) => recordCallWorked(trx, id));
    expect(await within((trx) => getConnection(trx, id))).toMatchObject({
      failures: 0,
      broken_until: null,
      last_error: null,
    });
  });

  it('is not written when it works as it did', async () => {
    const id = (await connect()) ?? '';
    const version = async () =>
      (await database.look('select xmin::text from connections where id = $1', [id]))[0]?.xmin;
    await within((trx) => recordCallWorked(trx, id));
    const first = await version();
    await within((trx) => recordCallWorked(trx, id));
    expect(await version()).toBe(first);
  });

  it('that waits for a person says so, whatever fails after that', async () => {
    const id = (await connect()) ?? '';
    await within((trx) => setNeedsReconnect(trx, id, 'Reconnect.'));
    await within((trx) => recordCallFailed(trx, id, { error: 'away', maxFailures: 5, restSeconds: 60 }));
    expect(await within((trx) => getConnection(trx, id))).toMatchObject({ health: 'reconnect' });
  });
});

describe('its tools', () => {
  it('are counted, ordered by their bytes, and gone with it', async () => {
    const id = (await connect()) ?? '';
    const of = { organizationId: acme.organizationId, connectionId: id };
    await within(async (trx) => {
      await pinTools(trx, of, ['b', 'a', 'Z'].map(listed));
      await quarantineTool(trx, of, listed('new'));
    });
    expect(await within(countTools)).toEqual(new Map([[id, { active: 3, quarantined: 1 }]]));
    expect((await within(listPinnedTools)).map(({ name }) => name)).toEqual([
      'wiki__Z',
      'wiki__a',
      'wiki__b',
      'wiki__new',
    ]);
    expect(await within(listPinnedTools, globex)).toEqual([]);
    await within((trx) => deleteConnection(trx, id));
    expect(await within(listPinnedTools)).toEqual([]);
  });
});

describe('a list of tools that a stranger has made', () => {
  it('is read while nobody waits for the connection’s row', async () => {
    const id = (await connect()) ?? '';
    const connection = await within((trx) => getConnection(trx, id));
    let isLocked = false;
    const db = database.db.withPlugin({
      transformQuery: ({ node }) => {
        isLocked ||= JSON.stringify(node).includes('ForUpdate');
        return node;
      },
      transformResult: ({ result }) => Promise.resolve(result),
    });
    const reads: boolean[] = [];
    const hostile = new Proxy(definition, {
      get: (target, name) => {
        reads.push(isLocked);
        return Reflect.get(target, name) as unknown;
      },
    });
    const on = { organizationId: acme.organizationId, connectionId: id };
    const mcp = { list: () => Promise.resolve({ tools: [hostile], unusable: [] }) } as unknown as ToolSession['mcp'];
    const session: ToolSession = { mcp, effects: undefined, list: { changes: 0, listedAt: 0, listing: undefined } };
    await refreshTools(db, on, { connection, session }, AbortSignal.timeout(10_000));
    expect(isLocked).toBe(true);
    expect(reads).toContain(false);
    expect(reads).not.toContain(true);
    expect((await within(listPinnedTools)).map(({ remote_name: name }) => name)).toContain('a');
  });
});
