import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createStoreActivities } from '../../activities/store.ts';
import { DEFAULT_ORGANIZATION_ID } from '../../domain/organizations/bootstrap.ts';
import type { PlanEdits } from '../../contracts/plan.ts';
import type { Decision } from '../../contracts/workflow.ts';
import { MODELS, PRICES, sampleAgents, sampleDefinition } from '../support/samples.ts';
import { answer, askPlanned, planned, scripted, untilAsked } from '../replay/scripted.ts';
import { expectProblem, json } from '../support/doors.ts';
import { openSharedHouse, type House } from '../support/house.ts';

let house: House;
beforeAll(async () => {
  const steps = [
    planned('a'),
    planned('sure', { kind: 'approval', agent: null, needs: ['a'] }),
    planned('b', { needs: ['sure'] }),
  ];
  house = await openSharedHouse({ model: { respond: scripted({ plans: [steps] }) } });
}, 60_000);
afterAll(() => house?.close());

const EDITS: PlanEdits = { steps: [{ id: 'a', title: 'Another title' }] };
const edit = (jobId: string) => house.request(`/api/jobs/${jobId}/approve`, json({ edits: EDITS }));
const revisions = (jobId: string) =>
  house.database.look<{ revision: number }>(
    `select revision from plans where orchestration_id = '${jobId}' order by 1`,
  );

describe('edits', () => {
  it('to a question in the midst of the work are refused and change nothing, whoever sends them', async () => {
    const jobId = await askPlanned(house);
    await answer(house, jobId, 'plan');
    await untilAsked(house, jobId, 'step');
    await expectProblem(await edit(jobId), 400);
    expect(await revisions(jobId)).toEqual([{ revision: 1 }]);
    await answer(house, jobId, 'step');
    await expect(house.ended(jobId)).resolves.toMatchObject({ status: 'completed' });
  });

  it('are applied once, also when the activity that did it is run again', async () => {
    const jobId = await askPlanned(house);
    const { approval } = await untilAsked(house, jobId, 'plan');
    const [{ id: userId } = { id: '' }] = await house.database.look<{ id: string }>(
      `select id from users where role = 'admin' limit 1`,
    );
    const editId = 'dddddddd-0000-4000-8000-000000000001';
    await house.database.look(
      `insert into plan_edits (organization_id, id, orchestration_id, user_id, edits)
        values ('${DEFAULT_ORGANIZATION_ID}', '${editId}', '${jobId}', '${userId}', '${JSON.stringify(EDITS)}') returning id`,
    );
    const decision: Decision = {
      verdict: 'approve',
      userId,
      role: 'admin',
      isAsker: true,
      via: 'rest',
      approvalId: approval?.id,
      hash: approval?.hash,
      editId,
    };
    const input = { organizationId: DEFAULT_ORGANIZATION_ID, orchestrationId: jobId, decision };
    const store = storeOf(house);
    const first = await store.revisePlan(input);
    expect(first).toMatchObject({ verdict: 'approved', plan: { revision: 2 } });
    await expect(store.revisePlan(input)).resolves.toEqual(first);
    expect(await revisions(jobId)).toEqual([{ revision: 1 }, { revision: 2 }]);
  });
});

/** The activities of the store, on the house's database. */
const storeOf = ({ database }: House) =>
  createStoreActivities({
    db: database.db,
    agents: sampleAgents(sampleDefinition('engineering')),
    models: MODELS,
    prices: PRICES,
    analyzeByKeywords: () => {
      throw new Error('Nothing is analysed here.');
    },
    approvalRules: { thresholdCents: 100, timeoutMs: 60_000 },
    maxExecutionMs: 60_000,
    defaultLimits: { userDayNanos: 1e12, organizationMonthNanos: 1e13 },
    envelopeSeconds: 900,
    wakeReaders: () => undefined,
    host: { offerIn: async () => ({ tools: [], leftOut: [] }), find: async () => undefined },
    publicUrl: 'http://localhost',
  });
