import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { heartbeating } from '../../../activities/heartbeating.ts';
import { analyzeRequest } from '../../../domain/steps/analyze-request.ts';
import { createOrchestration, createTenant, type Tenant } from '../../db/world.ts';
import { attempt, openDesk, type Desk } from './turn-fixture.ts';
import { MODELS, sampleAgents } from '../../support/samples.ts';

let desk: Desk;
let tenant: Tenant;
let orchestrationId: string;
beforeAll(async () => {
  desk = await openDesk();
  tenant = await createTenant(desk.database.db);
});
afterAll(() => desk?.close());
beforeEach(async () => {
  orchestrationId = await createOrchestration(desk.database.db, tenant, { message: 'Draft a launch tweet' });
  desk.model.setResponder(() => ({ text: 'The tweet.' }));
});

/** The analysis is a turn made of the stored request. */
const take = (nth: number, id = orchestrationId): Promise<void> =>
  attempt(nth, () =>
    heartbeating((given) =>
      analyzeRequest(
        { ...desk.deps, models: MODELS, agents: sampleAgents() },
        { organizationId: tenant.organizationId, orchestrationId: id },
        given,
      ),
    ),
  );
const states = async () =>
  (await desk.database.look(`select state from usage where orchestration_id = $1`, [orchestrationId])).map(
    ({ state }) => state,
  );

it('a turn that is prepared from what is stored is taken and paid for once', async () => {
  const before = desk.model.requests.length;
  await take(1);
  await take(2);
  expect(desk.model.requests.slice(before)).toHaveLength(1);
  expect(JSON.stringify(desk.model.requests[before])).toContain('Draft a launch tweet');
  expect(await states()).toEqual(['settled']);
  expect(
    await desk.database.look('select content from model_turns where orchestration_id = $1', [orchestrationId]),
  ).toEqual([{ content: 'The tweet.' }]);
});

it('a turn that cannot be prepared reserves nothing and asks nobody', async () => {
  const before = desk.model.requests.length;
  await expect(take(1, randomUUID())).rejects.toThrow('There is no orchestration');
  expect(desk.model.requests).toHaveLength(before);
  expect(await states()).toEqual([]);
});
