import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { JobStatusName } from '../../contracts/orchestration.ts';
import { withOrganization } from '../../db/organization.ts';
import { listVisibleIds, setAccessPolicy, type Viewer } from '../../db/queries/access.ts';
import { JOBS_LOOKED_AT, listVisibleJobs, type OrchestrationFilter } from '../../db/queries/job-lists.ts';
import { insertApproval, setApproval } from '../../db/queries/plans.ts';
import { openSession } from '../../domain/sessions/sessions.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { createOrchestration, createPerson, createTenant, type Tenant } from './world.ts';
import type { Approval } from '../../contracts/approval.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database?.drop());

type Filter = Omit<OrchestrationFilter, 'limit'>;

const inside = <T>({ organizationId }: Tenant, work: Parameters<typeof withOrganization<T>>[2]) =>
  withOrganization(database.db, organizationId, work);

/** Page after page until there is no more; how many there were, and the ids on them. */
async function readAll(tenant: Tenant, viewer: Viewer, limit: number, filter: Filter = {}) {
  const ids: string[] = [];
  let pages = 0;
  for (let before: string | undefined; ;) {
    const page = await inside(tenant, (trx) => listVisibleJobs(trx, viewer, { ...filter, before, limit }));
    expect(page.jobs.length).toBeLessThanOrEqual(limit);
    ids.push(...page.jobs.map(({ id }) => id));
    pages++;
    if (page.next === null) return { ids, pages };
    before = page.next;
  }
}

/** What the rule of one job says of each, the newest first. */
async function visibleOneByOne(tenant: Tenant, viewer: Viewer): Promise<string[]> {
  const all = await database.look<{ id: string }>(
    `select id from orchestrations where organization_id = '${tenant.organizationId}' order by created_at desc, id desc`,
  );
  const visible = await inside(tenant, (trx) =>
    listVisibleIds(
      trx,
      viewer,
      all.map(({ id }) => id),
    ),
  );
  return all.map(({ id }) => id).filter((id) => visible.has(id));
}

const answered = (by: string, id: string): Approval =>
  ({ id, kind: 'plan', decision: { verdict: 'approve', by, at: new Date().toISOString(), via: 'rest' } }) as Approval;

/** Work for every reason there is to see it, and much that is for nobody else. */
async function createHouse() {
  const tenant = await createTenant(database.db, 'House', { slack_team_id: 'T1', slack_user_id: 'UHOST' });
  const { organizationId, userId: host } = tenant;
  const [me, other] = [await createPerson(database.db, tenant), await createPerson(database.db, tenant)];
  await database.look(`update users set slack_team_id = 'T1', slack_user_id = 'UME' where id = '${me}'`);
  await database.look(
    `insert into slack_memberships (organization_id, user_id, channels, seen_at)
     values ('${organizationId}', '${me}', '{C1,C2}', now())`,
  );
  const join = async (userId: string, threadTs: string) => {
    const owner = { organizationId, userId, source: 'slack', title: 'x' } as const;
    const thread = { kind: 'thread', teamId: 'T1', channelId: 'C9', threadTs } as const;
    return (await inside(tenant, (trx) => openSession(trx, owner, thread))).id;
  };
  const at = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
  const add = (minutes: number, changes: Parameters<typeof createOrchestration>[2]) =>
    createOrchestration(database.db, tenant, { created_at: at(minutes), ...changes });
  // One that I have begun and another has joined, and one the other way round.
  const mine = await join(me, '1.0');
  const theirs = await join(other, '2.0');
  const strangers = await join(other, '3.0');
  await add(100, { user_id: me, session_id: theirs, status: 'completed' });
  for (let nth = 0; nth < 6; nth++) {
    const status: JobStatusName = nth % 2 === 0 ? 'completed' : 'failed';
    await add(nth * 10, { user_id: me, session_id: mine, status });
    await add(nth * 10 + 1, { user_id: other, session_id: mine, status });
    await add(nth * 10 + 2, { user_id: other, session_id: theirs, status });
    await add(nth * 10 + 3, { user_id: other, session_id: strangers, status });
    await add(nth * 10 + 4, {
      user_id: other,
      session_id: strangers,
      slack_team_id: 'T1',
      slack_channel_id: `C${nth}`,
    });
    await add(nth * 10 + 5, { user_id: host, status: 'awaiting_approval', approval: asks(nth % 2 === 0 ? me : other) });
    const decided = await add(nth * 10 + 6, { user_id: host, status });
    await inside(tenant, async (trx) => {
      await insertApproval(trx, { organizationId, orchestrationId: decided }, answered(host, '1'));
      await setApproval(trx, decided, answered(nth % 2 === 0 ? me : host, '1'));
    });
  }
  return { tenant, me, other, host };
}

const asks = (userId: string): string => JSON.stringify({ policy: { roles: [], users: [userId], delegates: [] } });

describe('a list of jobs', () => {
  it('has exactly those that the rule of one job lets somebody see, however long its pages are', async () => {
    const { tenant, me, other, host } = await createHouse();
    await inside(tenant, (trx) =>
      setAccessPolicy(trx, tenant.organizationId, { adminsSeeWork: false, adminsSeePersonal: false }),
    );
    for (const userId of [me, other, host, randomUUID()])
      for (const role of ['user', 'guest', 'admin'] as const) {
        const expected = await visibleOneByOne(tenant, { userId, role });
        for (const limit of [1, 7, 100]) expect((await readAll(tenant, { userId, role }, limit)).ids).toEqual(expected);
      }
    // Not everything, and for every reason something.
    expect(await visibleOneByOne(tenant, { userId: me, role: 'user' })).toHaveLength(6 + 6 + 1 + 6 + 2 + 3 + 3);
  });

  it('has everything for admins who see all work, in one state or in several, in the order of time', async () => {
    const { tenant } = await createHouse();
    const admin: Viewer = { userId: randomUUID(), role: 'admin' };
    const rows = await database.look<{ id: string; status: JobStatusName }>(
      `select id, status from orchestrations where organization_id = '${tenant.organizationId}'
       order by created_at desc, id desc`,
    );
    const sets: (JobStatusName[] | undefined)[] = [undefined, ['failed'], ['failed', 'awaiting_approval'], ['expired']];
    for (const statuses of sets) {
      const expected = rows.filter(({ status }) => statuses?.includes(status) ?? true).map(({ id }) => id);
      for (const limit of [2, 100]) expect((await readAll(tenant, admin, limit, { statuses })).ids).toEqual(expected);
    }
  });

  it('looks through so many jobs for a page, and goes on where it ended until it has found the oldest', async () => {
    const tenant = await createTenant(database.db);
    const [person, admin] = [
      { userId: tenant.userId, role: 'user' },
      { userId: randomUUID(), role: 'admin' },
    ] as const;
    const many = JOBS_LOOKED_AT + 500;
    await database.look(
      `insert into orchestrations (organization_id, id, session_id, user_id, source, message, language, status, created_at)
       select '${tenant.organizationId}', gen_random_uuid(), '${tenant.sessionId}', '${tenant.userId}', 'rest',
         case when n = ${many} then 'A needle' else 'Hay' end, 'en', 'completed', now() - n * interval '1 second'
       from generate_series(1, ${many}) as n`,
    );
    for (const viewer of [person, admin]) {
      const first = await inside(tenant, (trx) => listVisibleJobs(trx, viewer, { text: 'needle', limit: 20 }));
      expect(first).toEqual({ jobs: [], next: expect.any(String) });
      const { ids, pages } = await readAll(tenant, viewer, 20, { text: 'needle' });
      expect([ids.length, pages]).toEqual([1, 2]);
      // What is found in time is there at once, and the page is full.
      const hay = await inside(tenant, (trx) => listVisibleJobs(trx, viewer, { text: 'hay', limit: 20 }));
      expect([hay.jobs.length, hay.next]).toEqual([20, hay.jobs.at(-1)?.id]);
    }
  });
});
