import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FINAL_STATUSES, type JobStatusName } from '../../contracts/orchestration.ts';
import { withOrganization } from '../../db/organization.ts';
import { listEvents } from '../../db/queries/events.ts';
import { changeOrchestration, getOrchestration, type Change } from '../../db/queries/orchestrations.ts';
import { findTurn, insertTurn } from '../../db/queries/turns.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { createOrchestration, createTenant, type Tenant } from './world.ts';

let database: TestDatabase;
let tenant: Tenant;
beforeAll(async () => {
  database = await openTestDatabase();
  tenant = await createTenant(database.db);
});
afterAll(() => database?.drop());

const inside = <T>(work: Parameters<typeof withOrganization<T>>[2]) =>
  withOrganization(database.db, tenant.organizationId, work);
const change = (id: string, set: Change['set']) =>
  inside((trx) =>
    changeOrchestration(trx, { organizationId: tenant.organizationId, id, set, event: 'orchestration_progress' }),
  );
const eventsOf = (id: string) => inside((trx) => listEvents(trx, { afterId: 0, orchestrationId: id, limit: 1_000 }));

describe('a change of an orchestration', () => {
  it.each(FINAL_STATUSES)('comes too late once it is %s: nothing changes and nothing is told', async (status) => {
    const id = await createOrchestration(database.db, tenant);
    await change(id, { status, step: 'the end' });
    expect(await change(id, { status: 'running', step: 'again', progress: 50 })).toBeUndefined();
    const row = await inside((trx) => getOrchestration(trx, id));
    expect(row).toMatchObject({ status, step: 'the end', progress: 0, version: 2 });
    expect(await eventsOf(id)).toHaveLength(1);
  });

  it('never takes progress back, and tells what is true', async () => {
    const id = await createOrchestration(database.db, tenant);
    await change(id, { progress: 60, step: 'far' });
    await change(id, { progress: 20, step: 'late news' });
    const row = await inside((trx) => getOrchestration(trx, id));
    expect(row).toMatchObject({ progress: 60, step: 'late news', version: 3 });
    const [, second] = await eventsOf(id);
    expect(second?.event).toMatchObject({ progress: 60, step: 'late news', status: 'pending' });
  });

  it('ends it once when many ends race, with one event for the end that won', async () => {
    const id = await createOrchestration(database.db, tenant);
    const ends: JobStatusName[] = ['completed', 'failed', 'cancelled', 'expired', 'partial'];
    const won = (await Promise.all(ends.map((status) => change(id, { status })))).filter((row) => row !== undefined);
    expect(won).toHaveLength(1);
    expect((await eventsOf(id)).map(({ event }) => event.status)).toEqual([won[0]?.status]);
  });

  it('counts every version when many changes race', async () => {
    const id = await createOrchestration(database.db, tenant);
    await Promise.all(Array.from({ length: 30 }, (_, i) => change(id, { progress: i })));
    expect(await inside((trx) => getOrchestration(trx, id))).toMatchObject({ version: 31, progress: 29 });
    const told = (await eventsOf(id)).map(({ event }) => event.progress ?? -1);
    expect(told).toEqual([...told].sort((a, b) => a - b));
  });

  it('of another organization is no change', async () => {
    const other = await createTenant(database.db);
    const id = await createOrchestration(database.db, other);
    expect(await change(id, { status: 'failed' })).toBeUndefined();
  });
});

describe('a turn', () => {
  it('is stored once: the first answer is the answer, whoever comes second', async () => {
    const orchestrationId = await createOrchestration(database.db, tenant);
    const row = (content: string) => ({
      organization_id: tenant.organizationId,
      orchestration_id: orchestrationId,
      turn_key: 'agent:brand',
      model: 'm',
      content,
      stop_reason: 'end_turn',
      cost_nanos: 1,
    });
    await inside((trx) => insertTurn(trx, row('first')));
    await Promise.all(Array.from({ length: 10 }, (_, i) => inside((trx) => insertTurn(trx, row(`late ${i}`)))));
    const kept = await inside((trx) => findTurn(trx, { orchestrationId, turnKey: 'agent:brand' }));
    expect(kept?.content).toBe('first');
    const count = await database.look(`select 1 from model_turns where orchestration_id = '${orchestrationId}'`);
    expect(count).toHaveLength(1);
  });
});
