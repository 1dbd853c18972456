import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { Hono } from 'hono';
import { randomUUID } from 'node:crypto';
import type { ApiEnv } from '../../api/deps.ts';
import { streamEvents } from '../../api/sse/stream.ts';
import { appendEvent } from '../../db/queries/events.ts';
import { sessionInsert } from '../../db/queries/sessions.ts';
import { withOrganization } from '../../db/organization.ts';
import { createEventHub } from '../../domain/events/event-hub.ts';
import { createOrchestration, createPerson, createTenant, type Tenant } from '../db/world.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { isContiguous, openStream } from '../support/event-stream.ts';

/** A stream of the organization remembers for a while which jobs its reader may see, and forgets when they are many. */
let database: TestDatabase;
let ada: Tenant;
beforeAll(async () => {
  database = await openTestDatabase(6);
  ada = await createTenant(database.db);
});
afterAll(() => database?.drop());

const FOREIGN_JOBS = 1_100;

/** A conversation of Ada's that nobody else takes part in, with as many jobs. */
async function foreignJobs(): Promise<string[]> {
  const { organizationId, userId } = ada;
  const sessionId = randomUUID();
  await withOrganization(database.db, organizationId, (trx) =>
    sessionInsert(trx, {
      organization_id: organizationId,
      id: sessionId,
      user_id: userId,
      source: 'rest',
      title: 'x',
    }).execute(),
  );
  const rows = await database.look<{ id: string }>(
    `insert into orchestrations (organization_id, id, session_id, user_id, source, message, language)
      select $1, gen_random_uuid(), $2, $3, 'rest', 'Secret', 'en' from generate_series(1, ${FOREIGN_JOBS}) returning id`,
    [organizationId, sessionId, userId],
  );
  return rows.map(({ id }) => id);
}

const tell = (jobs: readonly string[], by: string, data = {}) =>
  withOrganization(database.db, ada.organizationId, async (trx) => {
    const type = 'orchestration_progress';
    for (const orchestrationId of jobs)
      await appendEvent(trx, {
        organizationId: ada.organizationId,
        type,
        orchestrationId,
        sessionId: null,
        userId: by,
        data,
      });
  });

function openHub() {
  const hub = createEventHub({
    db: database.db,
    log: { warn: (_, message) => expect(message).toBe('') },
    listen: () => ({ open: () => undefined, close: () => Promise.resolve() }),
  });
  hub.start();
  return hub;
}

const apiOf = (hub: ReturnType<typeof openHub>, userId: string, heartbeatMs?: number) =>
  new Hono<ApiEnv>().get('/events', (c) => {
    const { organizationId } = ada;
    c.set('principal', { organizationId, userId, name: 'Bob', role: 'user' } as ApiEnv['Variables']['principal']);
    return streamEvents(c, { db: database.db, hub, ...(heartbeatMs && { heartbeatMs }) }, {});
  });

it('keeps to what its reader may see when it has heard of more than 1,000 jobs', async () => {
  const { userId } = ada;
  const bob = await createPerson(database.db, ada);
  const shared = await createOrchestration(database.db, ada);
  // Whoever has asked for something in a conversation sees all of it.
  const own = await createOrchestration(database.db, { ...ada, userId: bob });
  const foreign = await foreignJobs();
  const hub = openHub();
  const api = apiOf(hub, bob);
  const stream = await openStream({ request: async (path, init) => api.request(path, init) }, '/events');
  const jobs = () => stream.facts().map(({ data }) => data['jobId']);
  const heard = (count: number) => stream.waitFor(`${count} events`, () => jobs().length >= count, 30_000);
  try {
    // In the same breath with many others, as a first, a last and one in the middle, again and again.
    for (let round = 1; round <= 3; round++) {
      const half = foreign.length / 2;
      await tell([shared, ...foreign.slice(0, half), shared, ...foreign.slice(half), shared], userId);
      await tell([own], bob);
      await heard(4 * round);
    }
    const each = [shared, shared, shared, own];
    expect(jobs()).toEqual([...each, ...each, ...each]);
  } finally {
    stream.close();
    await hub.stop();
  }
});

it('sends what a client has missed in batches, each when the one before was taken', async () => {
  const bob = await createPerson(database.db, ada);
  const own = await createOrchestration(database.db, { ...ada, userId: bob });
  const hub = openHub();
  const api = apiOf(hub, bob);
  const last = async () =>
    Number(
      (await database.look<{ last_id: string }>('select max(last_id) as last_id from event_counters'))[0]?.last_id,
    );
  const before = await last();
  for (let nth = 0; nth < 5; nth++)
    await tell(
      Array.from({ length: 1_000 }, () => own),
      bob,
      { nth },
    );
  const stream = await openStream({ request: async (path, init) => api.request(path, init) }, '/events', {
    lastEventId: before,
  });
  try {
    await stream.waitFor('all of them', () => stream.ids().length >= 5_000, 30_000);
    await tell([own], bob);
    await stream.waitFor('the live one', () => stream.ids().length >= 5_001, 30_000);
    expect(isContiguous(stream.ids())).toBe(true);
    expect(stream.ids()[0]).toBe(before + 1);
  } finally {
    stream.close();
    await hub.stop();
  }
});

it('lets go of a client that takes nothing for two heartbeats', async () => {
  const bob = await createPerson(database.db, ada);
  const hub = openHub();
  const destroy = jest.fn<() => never>();
  try {
    const answer = await apiOf(hub, bob, 200).request('/events', {}, { outgoing: { destroy } });
    // Nobody reads its body.
    expect(answer.status).toBe(200);
    await eventually('the end of the connection', () => destroy.mock.calls.length > 0);
    await answer.body?.cancel();
  } finally {
    await hub.stop();
  }
});
