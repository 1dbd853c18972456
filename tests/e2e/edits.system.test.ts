import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createStoreActivities } from '../../activities/store.ts';
import { DEFAULT_ORGANIZATION_ID } from '../../domain/organizations/organizations.ts';
import type { PlanEdits } from '../../contracts/plan.ts';
import type { Decision } from '../../contracts/workflow.ts';
import { approveShown } from '../support/approvals.ts';
import { MODELS, PRICES, sampleAgents, sampleDefinition } from '../support/samples.ts';
import { answer, askPlanned, planned, scripted, untilAsked } from '../replay/scripted.ts';
import { expectProblem } from '../support/doors.ts';
import { startSharedNubabel, type Nubabel } from '../support/nubabel.ts';

let nubabel: Nubabel;
beforeAll(async () => {
  const steps = [
    planned('a'),
    planned('sure', { kind: 'approval', agent: null, needs: ['a'] }),
    planned('b', { needs: ['sure'] }),
  ];
  nubabel = await startSharedNubabel({ model: { respond: scripted({ plans: [steps] }) } });
}, 60_000);
afterAll(() => nubabel?.close());

const EDITS: PlanEdits = { steps: [{ id: 'a', title: 'Another title' }] };
const edit = (jobId: string) => approveShown(nubabel, jobId, { edits: EDITS });
const revisions = (jobId: string) =>
  nubabel.database.look<{ revision: number }>(
    `select revision from plans where orchestration_id = '${jobId}' order by 1`,
  );

describe('edits', () => {
  it('to a question in the midst of the work are refused and change nothing, whoever sends them', async () => {
    const jobId = await askPlanned(nubabel);
    await answer(nubabel, jobId, 'plan');
    await untilAsked(nubabel, jobId, 'step');
    await expectProblem(await edit(jobId), 400);
    expect(await revisions(jobId)).toEqual([{ revision: 1 }]);
    await answer(nubabel, jobId, 'step');
    await expect(nubabel.ended(jobId)).resolves.toMatchObject({ status: 'completed' });
  });

  it('are applied once, also when the activity that did it is run again', async () => {
    const jobId = await askPlanned(nubabel);
    const { approval } = await untilAsked(nubabel, jobId, 'plan');
    const [{ id: userId } = { id: '' }] = await nubabel.database.look<{ id: string }>(
      `select id from users where role = 'admin' limit 1`,
    );
    const editId = 'dddddddd-0000-4000-8000-000000000001';
    await nubabel.database.look(
      `insert into plan_edits (organization_id, id, orchestration_id, user_id, edits)
        values ('${DEFAULT_ORGANIZATION_ID}', '${editId}', '${jobId}', '${userId}', '${JSON.stringify(EDITS)}') returning id`,
    );
    const decision: Decision = {
      id: 'dddddddd-0000-4000-8000-000000000002',
      verdict: 'approve',
      userId,
      via: 'rest',
      approvalId: approval?.id,
      hash: approval?.hash,
      editId,
    };
    const input = { organizationId: DEFAULT_ORGANIZATION_ID, orchestrationId: jobId, decision };
    const store = storeOf(nubabel);
    const first = await store.revisePlan(input);
    expect(first).toMatchObject({ verdict: 'approved', plan: { revision: 2 } });
    await expect(store.revisePlan(input)).resolves.toEqual(first);
    expect(await revisions(jobId)).toEqual([{ revision: 1 }, { revision: 2 }]);
  });
});

/** The activities of the store, on the product's database. */
const storeOf = ({ database }: Nubabel) =>
  createStoreActivities({
    db: database.db,
    agents: sampleAgents(sampleDefinition('engineering')),
    models: MODELS,
    prices: PRICES,
    analyzeLocally: () => {
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
