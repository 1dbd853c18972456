import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  acceptRequest,
  fingerprintOf,
  recordRequest,
  type AcceptDeps,
  type IncomingRequest,
} from '../../domain/orchestrations/accept.ts';
import { withOrganization } from '../../db/organization.ts';
import { claimKeys, leaseBacklog, listOrganizationsWithBacklog, setDelivered } from '../../db/queries/inbox.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTenant, type Tenant } from './world.ts';

/** T22: one request, however often and under whatever pair of names it comes. */
let database: TestDatabase;
let tenant: Tenant;
beforeAll(async () => {
  database = await openTestDatabase(20);
  tenant = await createTenant(database.db);
});
afterAll(() => database?.drop());

/** An entry whose Temporal keeps score instead of working. */
function openEntry() {
  const dispatched: string[] = [];
  const nobody = () => Promise.reject(new Error('nobody calls this here'));
  const deps: AcceptDeps = {
    db: database.db,
    dispatcher: { now: async ({ orchestrationId }) => void dispatched.push(orchestrationId), fromBacklog: nobody },
    router: {
      route: () => ({ agents: [], alternatives: [], confidence: 0, abstained: true, reason: 'test' }),
      readIntent: () => ({ intent: 'other', confidence: 0, abstained: true, deploys: 0 }),
      learn: () => undefined,
      judge: nobody,
    },
    routingCache: true,
    wakeReaders: () => undefined,
    demo: false,
  };
  return { deps, dispatched };
}

const request = (keys: readonly string[], message = 'Plan the launch'): IncomingRequest => ({
  organizationId: tenant.organizationId,
  userId: tenant.userId,
  source: 'slack',
  message,
  options: {},
  keys,
  session: { kind: 'of-thread', id: tenant.sessionId },
});

const countOf = async (table: string, where: string) =>
  Number((await database.look<{ n: string }>(`select count(*) as n from ${table} where ${where}`))[0]?.n);

describe('one request under several names', () => {
  it('is one orchestration when it comes 50 times at once, its names in either order', async () => {
    const { deps, dispatched } = openEntry();
    const [a, b] = [`slack:event:${randomUUID()}`, `slack:message:${randomUUID()}`];
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => acceptRequest(deps, request(i % 2 === 0 ? [a, b] : [b, a]))),
    );
    expect(new Set(answers.map(({ orchestration }) => orchestration.id)).size).toBe(1);
    expect(answers.filter(({ isRepeated }) => !isRepeated)).toHaveLength(1);
    expect(dispatched).toEqual([answers[0]?.orchestration.id]);
    expect(await countOf('inbox_keys', `key in ('${a}', '${b}')`)).toBe(2);
  });

  it('is one orchestration when each delivery shares only one of its names', async () => {
    const { deps, dispatched } = openEntry();
    const message = `slack:message:${randomUUID()}`;
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => {
        const keys = [`slack:event:${i % 4}:${message}`, message];
        return acceptRequest(deps, request(i % 2 === 0 ? keys : keys.reverse()));
      }),
    );
    expect(new Set(answers.map(({ orchestration }) => orchestration.id)).size).toBe(1);
    expect(dispatched).toHaveLength(1);
    const later = await acceptRequest(deps, request([`slack:event:3:${message}`]));
    expect(later).toMatchObject({ isRepeated: true, orchestration: { id: answers[0]?.orchestration.id } });
  });

  it('a thousand different requests of which each comes four times are a thousand orchestrations', async () => {
    const { deps, dispatched } = openEntry();
    const before = await countOf('orchestrations', 'true');
    const events = Array.from({ length: 1_000 }, () => `slack:event:${randomUUID()}`);
    for (let from = 0; from < events.length; from += 100) {
      const some = events.slice(from, from + 100);
      await Promise.all([...some, ...some, ...some, ...some].map((key) => acceptRequest(deps, request([key]))));
    }
    expect((await countOf('orchestrations', 'true')) - before).toBe(1_000);
    expect(new Set(dispatched).size).toBe(1_000);
    expect(dispatched).toHaveLength(1_000);
  });

  it('another organization may use the same names', async () => {
    const { deps } = openEntry();
    const other = await createTenant(database.db);
    const key = `rest:${randomUUID()}`;
    const first = await acceptRequest(deps, request([key]));
    const second = await acceptRequest(deps, {
      ...request([key]),
      ...other,
      session: { kind: 'of-thread', id: other.sessionId },
    });
    expect(second.isRepeated).toBe(false);
    expect(second.orchestration.id).not.toBe(first.orchestration.id);
  });

  it('tells a repetition from another request under the same name', async () => {
    const { deps } = openEntry();
    const key = `rest:${randomUUID()}`;
    const first = request([key]);
    const other = request([key], 'Something else');
    await acceptRequest(deps, first);
    await expect(acceptRequest(deps, other)).rejects.toMatchObject({ kind: 'idempotency-key-reused' });
    const again = await withOrganization(database.db, tenant.organizationId, (trx) => recordRequest(deps, trx, other));
    expect(again.fingerprint).toBe(fingerprintOf(first));
    expect(again.fingerprint).not.toBe(fingerprintOf(other));
  });

  it('without a name is new every time', async () => {
    const { deps, dispatched } = openEntry();
    await Promise.all([1, 2, 3].map(() => acceptRequest(deps, request([]))));
    expect(new Set(dispatched).size).toBe(3);
  });
});

describe('a request that could not be written', () => {
  it('leaves nothing behind, and its names stay free', async () => {
    const { deps, dispatched } = openEntry();
    const key = `rest:${randomUUID()}`;
    const broken = { ...request([key]), session: { kind: 'of-thread', id: randomUUID() } as const };
    await expect(acceptRequest(deps, broken)).rejects.toThrow('no session with this id');
    expect(await countOf('inbox_keys', `key = '${key}'`)).toBe(0);
    expect(await acceptRequest(deps, request([key]))).toMatchObject({ isRepeated: false });
    expect(dispatched).toHaveLength(1);
  });

  it('a claim without its receipt cannot be committed', async () => {
    const { organizationId } = tenant;
    const claim = withOrganization(database.db, organizationId, (trx) =>
      claimKeys(trx, { organizationId, id: randomUUID(), keys: [randomUUID()] }),
    );
    await expect(claim).rejects.toThrow('foreign key');
  });
});

describe('the backlog', () => {
  it('names the organizations that wait, oldest delivery first, and each relay has a lease on its own', async () => {
    const { deps } = openEntry();
    const waiting = await createTenant(database.db);
    const { organizationId } = waiting;
    for (let i = 0; i < 4; i++)
      await acceptRequest(deps, { ...request([]), ...waiting, session: { kind: 'of-thread', id: waiting.sessionId } });
    await database.look(
      `update inbox set received_at = now() - interval '1 minute' where organization_id = '${organizationId}'`,
    );
    expect(await listOrganizationsWithBacklog(database.db, 30_000)).toContain(organizationId);
    const lease = (limit: number) =>
      withOrganization(database.db, organizationId, (trx) =>
        leaseBacklog(trx, { olderThanMs: 30_000, leaseMs: 60_000, limit }),
      );
    const [mine, theirs] = [await lease(3), await lease(3)];
    expect([mine.length, theirs.length]).toEqual([3, 1]);
    expect(mine.map(({ id }) => id)).not.toContain(theirs[0]?.id);
    expect(await lease(10)).toEqual([]);
    expect(await listOrganizationsWithBacklog(database.db, 30_000)).not.toContain(organizationId);
    for (const { id } of mine) await withOrganization(database.db, organizationId, (trx) => setDelivered(trx, id));
    await database.look(`update inbox set next_attempt_at = now() where organization_id = '${organizationId}'`);
    expect((await lease(10)).map(({ id }) => id)).toEqual(theirs.map(({ id }) => id));
  });

  it('does not name an organization whose deliveries are young or handed over', async () => {
    const { deps } = openEntry();
    const young = await createTenant(database.db);
    await acceptRequest(deps, { ...request([]), ...young, session: { kind: 'of-thread', id: young.sessionId } });
    expect(await listOrganizationsWithBacklog(database.db, 30_000)).not.toContain(young.organizationId);
    expect(await listOrganizationsWithBacklog(database.db, 0)).toContain(young.organizationId);
  });
});
