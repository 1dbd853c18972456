import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { withOrganization } from '../../../db/organization.ts';
import { changeMembership } from '../../../db/queries/access.ts';
import { listVisibleJobs } from '../../../db/queries/job-lists.ts';
import { createMembershipRefresh } from '../../../domain/organizations/memberships.ts';
import { createOrchestration, createPerson, createTenant } from '../../db/world.ts';
import { openTestDatabase, type TestDatabase } from '../../support/database.ts';

const PLACE = { source: 'slack', slack_team_id: 'T1', slack_channel_id: 'C1', slack_thread_ts: '1.1' } as const;
const SLACK = { teamId: 'T1', slackUserId: 'U_READER' };

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database?.drop());

/** Work of somebody in a channel, and somebody else of whom Slack says what `listChannels` does. */
async function begin(listChannels: () => Promise<readonly string[]>) {
  const reader = await createTenant(database.db, 'Acme', { slack_team_id: 'T1', slack_user_id: 'U_READER' });
  const { organizationId, userId } = reader;
  const [row] = await database.look<{ id: string }>(
    `insert into users (organization_id, id, name, role) values ($1, gen_random_uuid(), 'Asker', 'user') returning id`,
    [organizationId],
  );
  const [session] = await database.look<{ id: string }>(
    `insert into sessions (organization_id, id, user_id, source, title)
     values ($1, gen_random_uuid(), $2, 'slack', 'x') returning id`,
    [organizationId, row?.id],
  );
  const asker = { organizationId, userId: row?.id ?? '', sessionId: session?.id ?? '' };
  await createOrchestration(database.db, asker, PLACE);
  await createOrchestration(database.db, asker);
  let calls = 0;
  const refresh = createMembershipRefresh({
    db: database.db,
    log: { warn: () => undefined },
    listChannels: () => {
      calls += 1;
      return listChannels();
    },
  });
  const inside = <T>(work: Parameters<typeof withOrganization<T>>[2]) =>
    withOrganization(database.db, organizationId, work);
  const viewer = { userId, role: 'user' } as const;
  const lookAs = async (id: string) => {
    const [kept] = await database.look<{ stale: boolean }>(
      'select joins > listed_joins as stale from slack_memberships where user_id = $1',
      [id],
    );
    const person = { organizationId, userId: id, role: 'user', name: 'Reader', timeZone: 'UTC' } as const;
    await refresh(person, { ...SLACK, membershipsStale: kept?.stale ?? false });
  };
  return {
    lookAs,
    look: () => lookAs(userId),
    addPerson: () => createPerson(database.db, reader),
    joinAll: () =>
      database.look('update slack_memberships set joins = joins + 1 where organization_id = $1', [organizationId]),
    seen: async () => (await inside((trx) => listVisibleJobs(trx, viewer, { limit: 10 }))).jobs.length,
    move: (isMember: boolean) => inside((trx) => changeMembership(trx, { ...SLACK, channelId: 'C1', isMember })),
    calls: () => calls,
  };
}

describe('the channels of somebody who reads', () => {
  it('are looked up once for many who ask at once, and once a minute', async () => {
    const { look, seen, calls } = await begin(() => Promise.resolve(['C0', 'C1']));
    await Promise.all(Array.from({ length: 20 }, look));
    await look();
    expect([await seen(), calls()]).toEqual([1, 1]);
  });

  it('give nobody rights where Slack fails, and it is not asked again at once', async () => {
    const { look, seen, calls } = await begin(() => Promise.reject(new Error('ratelimited')));
    await look();
    await look();
    expect([await seen(), calls()]).toEqual([0, 1]);
  });

  it('are waited for two seconds only, and count when they come', async () => {
    let answer: (channels: readonly string[]) => void = () => undefined;
    const { look, seen } = await begin(() => new Promise((resolve) => (answer = resolve)));
    const since = Date.now();
    await look();
    expect(Date.now() - since).toBeLessThan(4_000);
    expect(await seen()).toBe(0);
    answer(['C1']);
    await look();
    expect(await seen()).toBe(1);
  });

  it('are not those of a list that was begun before somebody left', async () => {
    let person: Awaited<ReturnType<typeof begin>> | undefined = undefined;
    let leaves = true;
    person = await begin(async () => {
      // What Slack has listed is on its way when the event comes.
      if (leaves) await person?.move(false);
      return leaves ? ['C1'] : [];
    });
    await person.look();
    expect(await person.seen()).toBe(0);
    leaves = false;
    await person.look();
    expect([await person.seen(), person.calls()]).toEqual([0, 2]);
  });

  it('are left at once, and no event of coming back gives them again: that is Slack’s to say', async () => {
    let channels = ['C1'];
    const { look, seen, move, calls } = await begin(() => Promise.resolve(channels));
    await move(true);
    expect(await seen()).toBe(0);
    await look();
    expect(await seen()).toBe(1);
    channels = [];
    await move(false);
    expect(await seen()).toBe(0);
    // Slack delivers the event of before once more.
    await move(true);
    expect(await seen()).toBe(0);
    await look();
    expect([await seen(), calls()]).toEqual([0, 2]);
  });

  it('are listed anew for whoever comes into one, before their minute is over', async () => {
    let channels: string[] = [];
    const { look, seen, move, calls } = await begin(() => Promise.resolve(channels));
    await look();
    channels = ['C1'];
    await move(true);
    await look();
    await look();
    expect([await seen(), calls()]).toEqual([1, 2]);
  });

  it('are listed anew as well where somebody comes while they are being listed', async () => {
    let person: Awaited<ReturnType<typeof begin>> | undefined = undefined;
    let isFirst = true;
    person = await begin(async () => {
      if (!isFirst) return ['C1'];
      isFirst = false;
      await person?.move(true);
      return [];
    });
    await person.look();
    await person.look();
    expect([await person.seen(), person.calls()]).toEqual([1, 2]);
  });

  it('are listed no more than six times a minute, into however many somebody comes', async () => {
    const { look, move, calls } = await begin(() => Promise.resolve(['C1']));
    for (let joined = 0; joined < 15; joined += 1) {
      await move(true);
      await look();
    }
    expect(calls()).toBe(6);
  });

  it('are listed for ten people at once, however many come into a channel and read', async () => {
    const { lookAs, addPerson, joinAll, calls } = await begin(() => Promise.resolve(['C1']));
    const people = await Promise.all(Array.from({ length: 30 }, addPerson));
    await Promise.all(people.map(lookAs));
    expect(calls()).toBe(30);
    await joinAll();
    await Promise.all(people.map(lookAs));
    await Promise.all(people.map(lookAs));
    // One more comes free every three seconds.
    expect(calls() - 30).toBeGreaterThanOrEqual(10);
    expect(calls() - 30).toBeLessThan(20);
  });

  it('are not listed again at once for somebody who comes while Slack limits us', async () => {
    const { look, move, calls } = await begin(() => Promise.reject(new Error('ratelimited')));
    await look();
    await move(true);
    await look();
    await look();
    expect(calls()).toBe(1);
  });
});
