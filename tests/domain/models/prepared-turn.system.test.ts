import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { heartbeating } from '../../../activities/heartbeating.ts';
import { insertTurn } from '../../../db/queries/turns.ts';
import {
  answerTurn,
  callModel,
  payTurn,
  prepareTurn,
  reserveTurn,
  settleTurn,
  toTurnRow,
  type Turn,
} from '../../../domain/models/turn.ts';
import { analyzeRequest } from '../../../domain/steps/analyze-request.ts';
import { createOrchestration, createTenant, type Tenant } from '../../db/world.ts';
import { attempt, openFixture, type Fixture } from './turn-fixture.ts';
import { MODELS, sampleAgents } from '../../support/samples.ts';

let fixture: Fixture;
let tenant: Tenant;
let orchestrationId: string;
beforeAll(async () => {
  fixture = await openFixture();
  tenant = await createTenant(fixture.database.db);
});
afterAll(() => fixture?.close());
beforeEach(async () => {
  orchestrationId = await createOrchestration(fixture.database.db, tenant, { message: 'Draft a launch tweet' });
  fixture.model.setResponder(() => ({ text: 'The tweet.' }));
});

/** The analysis is a turn made of the stored request. */
const take = (nth: number, id = orchestrationId): Promise<void> =>
  attempt(nth, () =>
    heartbeating((given) =>
      analyzeRequest(
        { ...fixture.deps, models: MODELS, agents: sampleAgents() },
        { organizationId: tenant.organizationId, orchestrationId: id },
        given,
      ),
    ),
  );
const states = async () =>
  (await fixture.database.look(`select state from usage where orchestration_id = $1`, [orchestrationId])).map(
    ({ state }) => state,
  );

it('a turn that is prepared from what is stored is taken and paid for once', async () => {
  const before = fixture.model.requests.length;
  await take(1);
  await take(2);
  expect(fixture.model.requests.slice(before)).toHaveLength(1);
  expect(JSON.stringify(fixture.model.requests[before])).toContain('Draft a launch tweet');
  expect(await states()).toEqual(['settled']);
  expect(
    await fixture.database.look('select content from model_turns where orchestration_id = $1', [orchestrationId]),
  ).toEqual([{ content: 'The tweet.' }]);
});

it('a turn that cannot be prepared reserves nothing and asks nobody', async () => {
  const before = fixture.model.requests.length;
  await expect(take(1, randomUUID())).rejects.toThrow('There is no orchestration');
  expect(fixture.model.requests).toHaveLength(before);
  expect(await states()).toEqual([]);
});

describe('a turn in its three parts', () => {
  const turn = (): Turn => ({
    organizationId: tenant.organizationId,
    orchestrationId,
    userId: tenant.userId,
    agent: 'brand',
    tries: 5,
    request: {
      model: 'claude-sonnet-5-5',
      system: 'Be brief.',
      messages: [{ role: 'user', content: 'Draft a tweet' }],
      maxTokens: 500,
      turnKey: 'agent:brand',
    },
  });
  /** As whoever changes something with its beginning and its end puts them together. */
  const turnInParts = (start: () => Promise<void>, end: (text: string, cost: number) => Promise<void>) =>
    attempt(1, () =>
      heartbeating(async (given) => {
        const reserved = await prepareTurn(fixture.deps, turn(), async (trx) => {
          await start();
          return reserveTurn(trx, fixture.deps, turn(), given);
        });
        const answer = await callModel(fixture.deps, reserved, given);
        await settleTurn(fixture.deps, reserved, answer, given, async (trx) => {
          const row = toTurnRow(fixture.deps, reserved, answer);
          await insertTurn(trx, row);
          await end(answer.text, row.cost_nanos);
          await payTurn(trx, fixture.deps, reserved, answer);
        });
      }),
    );

  it('tells what begins with the reservation and ends with the answer, in the same transactions', async () => {
    const steps: string[] = [];
    const onStart = async () => void steps.push('start');
    const onEnd = async (text: string, cost: number) => void steps.push(`${text} ${cost}`);
    await turnInParts(onStart, onEnd);
    await expect(attempt(2, () => heartbeating((given) => answerTurn(fixture.deps, turn(), given)))).resolves.toBe(
      'The tweet.',
    );
    const [bill] = await fixture.database.look<{ cost: number }>(
      'select cost_nanos::int as cost from usage where orchestration_id = $1',
      [orchestrationId],
    );
    expect(bill?.cost).toBeGreaterThan(0);
    expect(steps).toEqual(['start', `The tweet. ${bill?.cost}`]);
  });

  it('whose beginning cannot be written reserves nothing', async () => {
    const start = () => Promise.reject(new Error('no such step'));
    await expect(turnInParts(start, () => Promise.resolve())).rejects.toThrow('no such step');
    expect(await states()).toEqual([]);
  });

  it('whose end cannot be written is not stored either', async () => {
    const onEnd = () => Promise.reject(new Error('no such agent'));
    await expect(turnInParts(() => Promise.resolve(), onEnd)).rejects.toThrow('no such agent');
    expect(
      await fixture.database.look('select 1 from model_turns where orchestration_id = $1', [orchestrationId]),
    ).toEqual([]);
  });
});
