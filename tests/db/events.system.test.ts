import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { appendEvent, listEvents, newestEvent } from '../../db/queries/events.ts';
import { maintainEventPartitions } from '../../db/maintenance.ts';
import { openDatabase, type OpenDatabase } from '../../db/database.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTenant, type Tenant } from './world.ts';

let database: TestDatabase;
/** Readers have connections of their own, as in another process. */
let reader: OpenDatabase;
beforeAll(async () => {
  database = await openTestDatabase(12);
  reader = openDatabase(database.appUrl, 2);
});
afterAll(async () => {
  await reader?.close();
  await database?.drop();
});

const progressOf = ({ organizationId }: Pick<Tenant, 'organizationId'>) =>
  ({ organizationId, type: 'orchestration_progress', orchestrationId: null, sessionId: null, userId: null }) as const;

const append = ({ organizationId }: Tenant, data: Record<string, unknown> = {}, fail = false) =>
  withOrganization(database.db, organizationId, async (trx) => {
    await appendEvent(trx, { ...progressOf({ organizationId }), data });
    if (fail) throw new Error('rolled back');
  });

const read = ({ organizationId }: Tenant, afterId = 0) =>
  withOrganization(reader.db, organizationId, async (trx) => {
    const { id: newest } = await newestEvent(trx);
    return { newest, ids: (await listEvents(trx, { afterId, limit: 10_000 })).map(({ event }) => event.id) };
  });

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe('events', () => {
  it('are numbered without a gap in the order of their commits, however many writers there are', async () => {
    const tenant = await createTenant(database.db);
    const results = await Promise.allSettled(Array.from({ length: 300 }, (_, i) => append(tenant, { i }, i % 5 === 0)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(240);
    expect((await read(tenant)).ids).toEqual(upTo(240));
  });

  it('a reader that saw number n has everything before it, at every moment of the race', async () => {
    const tenant = await createTenant(database.db);
    let writing = true;
    const writers = Promise.all(Array.from({ length: 200 }, () => append(tenant))).finally(() => (writing = false));
    let looks = 0;
    const seen: number[] = [];
    while (writing) {
      const { ids, newest } = await read(tenant);
      expect(ids).toEqual(upTo(ids.length));
      expect(ids.length).toBeGreaterThanOrEqual(newest);
      // A cursor that only ever moves forward misses nothing either.
      seen.push(...(await read(tenant, seen.at(-1) ?? 0)).ids);
      looks++;
    }
    await writers;
    seen.push(...(await read(tenant, seen.at(-1) ?? 0)).ids);
    expect(seen).toEqual(upTo(200));
    expect(looks).toBeGreaterThan(3);
  });

  it('of two organizations are numbered apart', async () => {
    const [one, two] = [await createTenant(database.db), await createTenant(database.db)];
    await Promise.all([...Array(20)].flatMap(() => [append(one), append(two)]));
    expect((await read(one)).ids).toEqual(upTo(20));
    expect((await read(two)).ids).toEqual(upTo(20));
  });
});

/** The partitions that a look reads anything of. */
const touchedBy = (tenant: Tenant, look: (trx: OrganizationTransaction) => Promise<unknown>): Promise<string[]> =>
  withOrganization(reader.db, tenant.organizationId, async (trx) => {
    const before = await scans(trx);
    await look(trx);
    const after = await scans(trx);
    return [...after.keys()].filter((name) => after.get(name) !== before.get(name)).sort();
  });

/** How often this connection has looked into each partition; Postgres counts over transactions. */
async function scans(trx: OrganizationTransaction): Promise<Map<string, number>> {
  const { rows } = await sql<{ name: string; scans: number }>`
    select relname as name, (seq_scan + idx_scan)::int as scans from pg_stat_xact_user_tables
    where relname ~ '^events_'`.execute(trx);
  return new Map(rows.map(({ name, scans: count }) => [name, count]));
}

describe('a look at what is new', () => {
  const dayOf = (at: string | undefined) => `events_${(at ?? '').slice(0, 10).replaceAll('-', '')}`;

  it('reads the partition of the day alone, of those that are there for yesterday and the days to come', async () => {
    const tenant = await createTenant(database.db);
    await append(tenant);
    const newest = await withOrganization(reader.db, tenant.organizationId, newestEvent);
    const look = (trx: OrganizationTransaction) =>
      listEvents(trx, { afterId: newest.id, since: newest.at, limit: 500 });
    expect(await touchedBy(tenant, look)).toEqual([dayOf(newest.at)]);
    // Also when Postgres has made its one plan for whatever is asked.
    for (let nth = 0; nth < 10; nth++) await touchedBy(tenant, look);
    expect(await touchedBy(tenant, look)).toEqual([dayOf(newest.at)]);
  });

  it('reads nothing of the days to come where it is not known when the last one was', async () => {
    const tenant = await createTenant(database.db);
    await append(tenant);
    const touched = await touchedBy(tenant, (trx) => listEvents(trx, { afterId: 0, limit: 500 }));
    for (const days of [1, 2, 3]) expect(touched).not.toContain(dayName(days));
  });

  it('goes on over midnight, where one partition ends and the next begins', async () => {
    const tenant = await createTenant(database.db);
    await append(tenant);
    const first = await withOrganization(reader.db, tenant.organizationId, newestEvent);
    // As if what follows came two days later.
    await database.look(
      `update event_counters set last_at = last_at + interval '2 days' where organization_id = '${tenant.organizationId}'`,
    );
    await append(tenant);
    const newer = await withOrganization(reader.db, tenant.organizationId, (trx) =>
      listEvents(trx, { afterId: first.id, since: first.at, limit: 9 }),
    );
    expect(newer.map(({ event }) => event.id)).toEqual([2]);
    expect(dayOf(newer[0]?.event.at)).toBe(dayName(2));
  });

  it('misses nothing when the clock of the database is put back', async () => {
    const tenant = await createTenant(database.db);
    await append(tenant);
    // The newest event was an hour ahead of what the clock says now.
    await database.look(
      `update event_counters set last_at = last_at + interval '1 hour' where organization_id = '${tenant.organizationId}'`,
    );
    const place = await withOrganization(reader.db, tenant.organizationId, newestEvent);
    await append(tenant);
    await append(tenant);
    const newer = await withOrganization(reader.db, tenant.organizationId, (trx) =>
      listEvents(trx, { afterId: place.id, since: place.at, limit: 9 }),
    );
    expect(newer.map(({ event }) => event.id)).toEqual([2, 3]);
    expect(newer.every(({ event }) => event.at >= (place.at ?? ''))).toBe(true);
  });
});

const partitions = async () =>
  (
    await database.look<{ name: string }>(
      `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
       where i.inhparent = 'events'::regclass order by 1`,
    )
  ).map(({ name }) => name);

const dayName = (offset: number) => {
  const day = new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
  return `events_${day}`;
};

describe('the row that numbers an organization’s events', () => {
  it('is locked by the statement that commits, and not while the transaction works', async () => {
    const tenant = await createTenant(database.db);
    const written = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const slow = withOrganization(database.db, tenant.organizationId, async (trx) => {
      await appendEvent(trx, { ...progressOf(tenant), data: { who: 'slow' } });
      written.resolve();
      await goOn.promise;
    });
    await written.promise;
    await append(tenant, { who: 'quick' });
    goOn.resolve();
    await slow;
    const told = await withOrganization(reader.db, tenant.organizationId, (trx) =>
      listEvents(trx, { afterId: 0, limit: 9 }),
    );
    expect(told.map(({ event }) => [event.id, 'who' in event && event.who])).toEqual([
      [1, 'quick'],
      [2, 'slow'],
    ]);
  });

  it('takes several events of one transaction in their order, whatever they say', async () => {
    const tenant = await createTenant(database.db);
    const texts = ["it's", '\\', "\\'; drop table events; --", '$$', '한국어', '"'];
    await withOrganization(database.db, tenant.organizationId, async (trx) => {
      for (const text of texts) await appendEvent(trx, { ...progressOf(tenant), data: { text } });
    });
    const told = await withOrganization(reader.db, tenant.organizationId, (trx) =>
      listEvents(trx, { afterId: 0, limit: 9 }),
    );
    expect(told.map(({ event }) => 'text' in event && event.text)).toEqual(texts);
  });
});

describe('partitions', () => {
  it('are dropped by nobody who asks for more than is old', async () => {
    const tenant = await createTenant(database.db);
    await append(tenant);
    for (const hours of [-24 * 3_653, -1, 0, 23])
      await expect(maintainEventPartitions(database.db, hours)).rejects.toThrow('kept for a day at least');
    await expect(sql`select maintain_event_partitions(null)`.execute(database.db)).rejects.toThrow('a day at least');
    expect((await read(tenant)).ids).toEqual([1]);
  });

  it('are there for yesterday to three days ahead, so that no event goes into the default one', async () => {
    const tenant = await createTenant(database.db);
    await append(tenant);
    expect(await partitions()).toEqual([...[-1, 0, 1, 2, 3].map(dayName), 'events_default'].sort());
    expect(await database.look('select * from events_default')).toEqual([]);
  });

  it('older than what is kept are dropped by the application’s own role, and only those', async () => {
    await database.look(
      `create table events_20200101 partition of events for values from ('2020-01-01 00:00+00') to ('2020-01-02 00:00+00')`,
    );
    await maintainEventPartitions(database.db, 48);
    expect(await partitions()).toEqual([...[-1, 0, 1, 2, 3].map(dayName), 'events_default'].sort());
  });

  it('are made again by any number of keepers at once', async () => {
    await database.look(`drop table ${dayName(3)}`);
    await Promise.all(Array.from({ length: 6 }, () => maintainEventPartitions(database.db, 48)));
    expect(await partitions()).toContain(dayName(3));
  });

  it('that are missing cost no event: it waits in the default one, and the keeper goes on', async () => {
    const tenant = await createTenant(database.db);
    await database.look(`drop table ${dayName(0)}`);
    await append(tenant);
    expect(await database.look('select id from events_default')).toHaveLength(1);
    await database.look(`drop table ${dayName(2)}`);
    await maintainEventPartitions(database.db, 48);
    expect(await partitions()).toContain(dayName(2));
    expect(await partitions()).not.toContain(dayName(0));
    expect((await read(tenant)).ids).toEqual([1]);
  });
});
