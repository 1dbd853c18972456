import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { AgentId } from '../../contracts/agents.ts';
import { withOrganization } from '../../db/organization.ts';
import { lockOrchestration } from '../../db/queries/orchestrations.ts';
import { listSteps, listStepsShown, setStepAndList } from '../../db/queries/steps.ts';
import { findStepContext } from '../../db/queries/turn-context.ts';
import { insertTurn, listTurnsByKey } from '../../db/queries/turns.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { createOrchestration, createTenant, type Tenant } from './world.ts';

const AGENTS: AgentId[] = ['brand', 'ops', 'finance', 'growth', 'marketing'];

let database: TestDatabase;
let tenant: Tenant;
let orchestrationId: string;
beforeAll(async () => {
  database = await openTestDatabase();
  tenant = await createTenant(database.db);
  orchestrationId = await createOrchestration(database.db, tenant, {}, AGENTS);
  // A neighbour whose steps have the same names.
  await createOrchestration(database.db, tenant, {}, AGENTS);
});
afterAll(() => database?.drop());

const inside = <T>(work: Parameters<typeof withOrganization<T>>[2]) =>
  withOrganization(database.db, tenant.organizationId, work);

it('steps that end together count each other, each with itself in its place', async () => {
  const end = (id: string) =>
    inside(async (trx) => {
      await lockOrchestration(trx, orchestrationId);
      return setStepAndList(trx, { orchestrationId, id }, { status: 'done' });
    });
  const seen = await Promise.all(AGENTS.map(end));
  for (const steps of seen) expect(steps.map(({ id }) => id)).toEqual(AGENTS);
  const counts = seen.map((steps) => steps.filter(({ status }) => status === 'done').length);
  expect(counts.sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5]);
});

it('a step is read with its own instruction and none of the others', async () => {
  await database.look(`update steps set instruction = 'Do ' || id where orchestration_id = $1`, [orchestrationId]);
  const turn = { turnKey: 'agent:ops', maxMessages: 1, defaultLimits: { userDayNanos: 0, organizationMonthNanos: 0 } };
  const query = { ...turn, step: 'ops', attempt: 0, steering: [], buildsOnOthers: false };
  const { steps } = await inside((trx) => findStepContext(trx, { orchestrationId, ...query }));
  expect(steps.map(({ instruction }) => instruction)).toEqual(['', 'Do ops', '', '', '']);
  const whole = await inside((trx) => listSteps(trx, orchestrationId));
  expect(steps).toEqual(steps.map((step, i) => ({ ...step, turn_key: whole[i]?.turn_key, needs: whole[i]?.needs })));
  expect(whole).toMatchObject(await inside((trx) => listStepsShown(trx, orchestrationId)));
});

it('only the answers that are asked for are read', async () => {
  const store = (turn_key: string) => ({
    organization_id: tenant.organizationId,
    orchestration_id: orchestrationId,
    turn_key,
    model: 'claude-sonnet-5-5',
    content: `The answer of ${turn_key}`,
    stop_reason: 'end_turn',
    cost_nanos: 1,
  });
  await inside(async (trx) => {
    for (const key of ['a', 'b', 'c']) await insertTurn(trx, store(key));
  });
  const read = (keys: string[]) => inside((trx) => listTurnsByKey(trx, orchestrationId, keys));
  expect(await read([])).toEqual([]);
  expect(await read(['b', 'x'])).toEqual([
    { turn_key: 'b', content: 'The answer of b', blocks: null, stop_reason: 'end_turn' },
  ]);
  expect(await read(['a', 'c'])).toHaveLength(2);
});
