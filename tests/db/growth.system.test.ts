import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import type { Viewer } from '../../db/queries/access.ts';
import { listOtherResourceIds } from '../../db/queries/effects.ts';
import { JOBS_LOOKED_AT, listVisibleJobs } from '../../db/queries/job-lists.ts';
import { listNewestOfSession } from '../../db/queries/orchestrations.ts';
import { countDecisions, listDecisions } from '../../db/queries/routing.ts';
import { findThreadContext, listOpenWork } from '../../db/queries/threads.ts';
import { listLedger, sumUsage } from '../../db/queries/usage.ts';
import { fill, findId } from '../bench/growth/fill.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTenant, type Tenant } from './world.ts';

/** What is read must not grow with what there is: rows are counted, not time. */
const REQUESTS = 9_000;

let database: TestDatabase;
let tenant: Tenant;
let person: Viewer;
let admin: Viewer;
let connectionId: string;
let sessionId: string;
beforeAll(async () => {
  database = await openTestDatabase();
  tenant = await createTenant(database.db, 'Old', { role: 'admin' });
  const { organizationId } = tenant;
  await fill(database, { organizationId, requests: REQUESTS, otherOrganizations: 20 });
  const [somebody] = await database.look<{ id: string }>(
    `select id from users where organization_id = '${organizationId}' and name = 'Person 0'`,
  );
  person = { userId: somebody?.id ?? '', role: 'user' };
  admin = { userId: tenant.userId, role: 'admin' };
  connectionId = await findId(database, organizationId, 'connection');
  sessionId = await findId(database, organizationId, 'session');
}, 120_000);
afterAll(() => database?.drop());

/** How many rows of tables a look reads, in one transaction after some that have had Postgres make its plan. */
async function rowsRead(look: (trx: OrganizationTransaction) => Promise<unknown>, table = '%'): Promise<number> {
  for (let nth = 0; nth < 8; nth++) await withOrganization(database.db, tenant.organizationId, look);
  return withOrganization(database.db, tenant.organizationId, async (trx) => {
    // Postgres counts over transactions.
    const before = await count(trx, table);
    await look(trx);
    return (await count(trx, table)) - before;
  });
}

async function count(trx: OrganizationTransaction, table: string): Promise<number> {
  const { rows } = await sql<{ read: number }>`select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::int as read
    from pg_stat_xact_user_tables where relname like ${table}`.execute(trx);
  return rows[0]?.read ?? Number.NaN;
}

const DAY_MS = 86_400_000;
const day = (before: number) => new Date(Date.now() - before * DAY_MS).toISOString().slice(0, 10);
const place = { teamId: 'TBENCH', channelId: 'C0', threadTs: '1', slackUserId: 'U0', isAnswer: true };

describe('in an organization that has done much, as many rows are read as are shown', () => {
  it.each<[string, number, () => (trx: OrganizationTransaction) => Promise<unknown>]>([
    ['jobs, for admins', 100, () => (trx) => listVisibleJobs(trx, admin, { limit: 20 })],
    [
      'jobs in a state that few have',
      300,
      () => (trx) => listVisibleJobs(trx, admin, { limit: 20, statuses: ['expired'] }),
    ],
    [
      'jobs in a state that none has',
      100,
      () => (trx) => listVisibleJobs(trx, admin, { limit: 20, statuses: ['running'] }),
    ],
    ['jobs, for one person', 2_500, () => (trx) => listVisibleJobs(trx, person, { limit: 20 })],
    [
      'jobs with an agent that only the oldest had',
      JOBS_LOOKED_AT * 8,
      () => (trx) => listVisibleJobs(trx, admin, { limit: 20, agent: 'general' }),
    ],
    [
      'jobs with a text that nobody has said',
      JOBS_LOOKED_AT * 8,
      () => (trx) => listVisibleJobs(trx, admin, { limit: 20, text: 'nowhere' }),
    ],
    ['routing decisions', 300, () => (trx) => listDecisions(trx, admin, { limit: 50 }, 500)],
    ['figures of the routing', 3_000, () => (trx) => countDecisions(trx, { days: 90, most: 1_000 })],
    ['the ledger', 200, () => (trx) => listLedger(trx, { limit: 100 })],
    ['work of a conversation', 50, () => (trx) => listNewestOfSession(trx, sessionId, 100)],
    ['open work of a person', 50, () => (trx) => listOpenWork(trx, { userId: person.userId, limit: 10 })],
    ['work of a thread', 300, () => (trx) => findThreadContext(trx, { ...place, isForChannel: false })],
    ['work of a direct channel', 300, () => (trx) => findThreadContext(trx, { ...place, isForChannel: true })],
    ['what a connection has made', 1_100, () => (trx) => listOtherResourceIds(trx, { connectionId, exceptKey: 'x' })],
  ])('%s', async (_, atMost, look) => {
    const read = await rowsRead(look());
    expect(read).toBeGreaterThan(0);
    expect(read).toBeLessThanOrEqual(atMost);
  });

  it('and the usage of a month is summed without a look at its calls', async () => {
    const query = { groups: ['day'] as const, from: day(30), to: day(0), limit: 1_000 };
    expect(await rowsRead((trx) => sumUsage(trx, query), 'usage')).toBe(0);
    expect(await rowsRead((trx) => sumUsage(trx, query), 'usage_days')).toBeGreaterThan(0);
  });
});
