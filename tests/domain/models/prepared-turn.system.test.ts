import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { heartbeating } from '../../../activities/heartbeating.ts';
import { takeTurn, type TurnToPrepare } from '../../../domain/models/turn.ts';
import { getOrchestration } from '../../../db/queries/orchestrations.ts';
import { createOrchestration, createTenant, type Tenant } from '../../db/world.ts';
import { attempt, openDesk, type Desk } from './turn-fixture.ts';

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

const take = (nth: number, prepare: TurnToPrepare['prepare']): Promise<string> =>
  attempt(nth, () =>
    heartbeating((given) => takeTurn(desk.deps, { organizationId: tenant.organizationId, prepare }, given)),
  );
/** A turn made of the stored request. */
const prepareRequest: TurnToPrepare['prepare'] = async (trx) => {
  const { organization_id: organizationId, user_id: userId, message } = await getOrchestration(trx, orchestrationId);
  const messages = [{ role: 'user' as const, content: message }];
  const request = { model: 'claude-sonnet-5-5', system: 'Be brief.', messages, maxTokens: 500, turnKey: 'agent:ops' };
  return { organizationId, orchestrationId, userId, agent: 'ops', tries: 5, request };
};
const states = async () =>
  (await desk.database.look(`select state from usage where orchestration_id = $1`, [orchestrationId])).map(
    ({ state }) => state,
  );

it('a turn that is prepared from what is stored is taken and paid for once', async () => {
  const before = desk.model.requests.length;
  await expect(take(1, prepareRequest)).resolves.toBe('The tweet.');
  await expect(take(2, prepareRequest)).resolves.toBe('The tweet.');
  expect(desk.model.requests.slice(before)).toHaveLength(1);
  expect(JSON.stringify(desk.model.requests[before])).toContain('Draft a launch tweet');
  expect(await states()).toEqual(['settled']);
});

it('a turn that cannot be prepared reserves nothing and asks nobody', async () => {
  const before = desk.model.requests.length;
  await expect(take(1, () => Promise.reject(new Error('no such step')))).rejects.toThrow('no such step');
  expect(desk.model.requests).toHaveLength(before);
  expect(await states()).toEqual([]);
});
