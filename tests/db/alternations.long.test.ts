import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { openDatabase, type OpenDatabase } from '../../db/database.ts';
import { withLockedOrchestration, withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { appendEvent, listEvents } from '../../db/queries/events.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { createOrchestration, createTenant, type Tenant } from './world.ts';

/** T2: one connection, and whatever somebody leaves on it meets the next organization. */
let database: TestDatabase;
let single: OpenDatabase;
beforeAll(async () => {
  database = await openTestDatabase(8);
  single = openDatabase(database.appUrl, 1, undefined, 60_000);
});
afterAll(async () => {
  await single?.close();
  await database?.drop();
});

const ROUNDS = 10_000;
/** So many want the one connection at once. */
const AT_ONCE = 12;

interface Member extends Tenant {
  readonly orchestrationId: string;
}

/** A generator that starts at a seed, so that a failure can be had again. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** What somebody does with a transaction; each ends it in a way of its own. */
const WAYS: Readonly<Record<string, (trx: OrganizationTransaction, member: Member) => Promise<unknown>>> = {
  reads: async (trx) => trx.selectFrom('sessions').select('id').execute(),
  tells: (trx, { organizationId, orchestrationId }) =>
    appendEvent(trx, {
      organizationId,
      orchestrationId,
      type: 'orchestration_progress',
      sessionId: null,
      userId: null,
      data: { of: organizationId },
    }),
  fails: (trx) => sql`select 1 / 0`.execute(trx),
  'breaks a rule': (trx) => sql`insert into organizations (id, name) values (gen_random_uuid(), 'x')`.execute(trx),
  throws: () => Promise.reject(new Error('thrown by us')),
  'hides an error': (trx) => sql`select 1 / 0`.execute(trx).catch(() => undefined),
  'fails beside others': (trx) =>
    Promise.all([sql`select 1`.execute(trx), sql`select 1 / 0`.execute(trx), sql`select 2`.execute(trx)]),
  'leaves queries behind': async (trx) =>
    void trx
      .selectFrom('sessions')
      .select('id')
      .execute()
      .catch(() => undefined),
  'is cancelled': async (trx) => {
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(trx);
    const asleep = sql`select pg_sleep(5)`.execute(trx);
    await delay(2);
    await Promise.all([asleep, database.look('select pg_cancel_backend($1)', [rows[0]?.pid])]);
  },
  'times out': async (trx) => {
    await sql`set local statement_timeout = '5ms'`.execute(trx);
    await sql`select pg_sleep(1)`.execute(trx);
  },
  'loses its connection': async (trx) => sql`select pg_terminate_backend(pg_backend_pid())`.execute(trx),
};
/** These cost a connection or a wait: seldom. */
const SELDOM = new Set(['is cancelled', 'times out', 'loses its connection']);

it(`${ROUNDS} times in turn organizations use one connection in every way, and none sees a row of another`, async () => {
  const members: Member[] = [];
  for (let nth = 0; nth < 5; nth++) {
    const tenant = await createTenant(database.db, `Organization ${nth}`);
    members.push({ ...tenant, orchestrationId: await createOrchestration(database.db, tenant) });
  }
  const random = chance(20_261_201);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const often = Object.keys(WAYS).filter((way) => !SELDOM.has(way));
  const kept: OrganizationTransaction[] = [];
  const foreign: unknown[] = [];
  const used = new Map<string, number>();

  const look = async (trx: OrganizationTransaction, member: Member, way: string): Promise<void> => {
    const names = await trx.selectFrom('organizations').select('id').execute();
    const sessions = await trx.selectFrom('sessions').select('organization_id').execute();
    const seen = [...names.map(({ id }) => id), ...sessions.map((row) => row.organization_id)];
    if (seen.length !== 2 || seen.some((id) => id !== member.organizationId)) foreign.push([way, member, seen]);
  };
  const once = async (): Promise<void> => {
    const member = pick(members);
    const way = random() < 0.01 ? pick([...SELDOM]) : pick(often);
    used.set(way, (used.get(way) ?? 0) + 1);
    const { organizationId, orchestrationId } = member;
    const work = async (trx: OrganizationTransaction) => {
      await look(trx, member, way);
      if (kept.length < 50) kept.push(trx);
      await WAYS[way]?.(trx, member);
    };
    const late = kept.length > 10 ? kept.splice(0, 1)[0] : undefined;
    const run =
      random() < 0.3
        ? withLockedOrchestration(single.db, { organizationId, orchestrationId }, work)
        : withOrganization(single.db, organizationId, work);
    // Somebody who kept a transaction that is over meets whoever has the connection now.
    const seen = late?.selectFrom('organizations').select('id').execute();
    const [, answer] = await Promise.allSettled([run, seen]);
    if (answer.status === 'fulfilled' && answer.value) foreign.push(['late', member, answer.value]);
  };
  let begun = 0;
  const user = async () => {
    while (begun++ < ROUNDS) await once();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, user));
  expect(foreign).toEqual([]);
  expect([...used.keys()].sort()).toEqual(Object.keys(WAYS).sort());
  expect([...used.values()].reduce((sum, count) => sum + count, 0)).toBe(ROUNDS);
  for (const { organizationId } of members) {
    const told = await withOrganization(single.db, organizationId, (trx) =>
      listEvents(trx, { afterId: 0, limit: 9_999 }),
    );
    expect(told.map(({ event }) => event.id)).toEqual(told.map((_, index) => index + 1));
    expect(told.every(({ event }) => 'of' in event && event.of === organizationId)).toBe(true);
  }
  await expect(sql`select * from organizations`.execute(single.db)).rejects.toThrow('no organization is set');
}, 600_000);
