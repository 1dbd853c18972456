import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Approval } from '../../../contracts/approval.ts';
import type { FailureType } from '../../../contracts/failures.ts';
import { toJsonb } from '../../../contracts/json.ts';
import type { Principal } from '../../../contracts/request.ts';
import type { Decision } from '../../../contracts/workflow.ts';
import { withOrganization } from '../../../db/organization.ts';
import { changeOrchestration } from '../../../db/queries/orchestrations.ts';
import { insertApproval, setApproval } from '../../../db/queries/plans.ts';
import { decide } from '../../../domain/approvals/decide.ts';
import { cancelJob } from '../../../domain/orchestrations/cancel.ts';
import { createOrchestration, createTenant, type Tenant } from '../../db/world.ts';
import type { WorkflowAnswer } from '../../../domain/orchestrations/workflow-port.ts';
import { openTestDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;
let tenant: Tenant;
beforeAll(async () => {
  database = await openTestDatabase();
  tenant = await createTenant(database.db);
});
afterAll(() => database?.drop());

const HASH = 'a'.repeat(64);
const QUESTION: Approval = {
  id: randomUUID(),
  kind: 'requested',
  hash: HASH,
  expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
  policy: { version: 1, roles: ['user', 'admin'], asker: true, thresholdCents: 0 },
  plan: {
    agents: [{ agent: 'ops', relevance: 1 }],
    mode: 'parallel',
    estimatedCents: 1,
    worstCaseCents: 1,
    question: 'Go on?',
  },
};

/** What Temporal's server says of an accepted update of a workflow that has ended. */
const ENDED = 'AcceptedUpdateCompletedWorkflow' as FailureType;

/** A job that waits, and a workflow that keeps its answer to itself; `then` is what it does all the same. */
async function waitingJob(
  said: WorkflowAnswer<never>,
  then: (decision: Decision, keep: (approval: Approval) => Promise<void>) => Promise<void>,
) {
  const jobId = await createOrchestration(database.db, tenant, { status: 'awaiting_approval' });
  const { organizationId } = tenant;
  const keep = (approval: Approval) =>
    withOrganization(database.db, organizationId, async (trx) => {
      const set = { approval: toJsonb(approval) };
      await insertApproval(trx, { organizationId, orchestrationId: jobId }, approval);
      await setApproval(trx, jobId, approval);
      await changeOrchestration(trx, { organizationId, id: jobId, set, event: 'orchestration_progress' });
    });
  await keep(QUESTION);
  const stopped: string[] = [];
  const deps = {
    db: database.db,
    wakeReaders: () => {},
    dispatcher: { now: () => Promise.resolve(), fromBacklog: () => Promise.resolve('done' as const) },
    workflows: {
      decide: async (_run: unknown, decision: Decision) => {
        await then(decision, keep);
        return said;
      },
      cancel: async ({ orchestrationId }: { orchestrationId: string }) => {
        stopped.push(orchestrationId);
        return { status: 'done' as const, value: undefined };
      },
    },
  };
  const principal: Principal = { ...tenant, role: 'admin', name: 'Ada', timeZone: 'UTC' };
  const named = { approvalId: QUESTION.id, hash: HASH };
  return {
    jobId,
    stopped,
    approve: () => decide(deps, principal, jobId, { verdict: 'approve', ...named }),
    cancel: () => cancelJob(deps, principal, jobId, named),
  };
}

const answeredBy = (id: string, verdict: Decision['verdict']): Approval => ({
  ...QUESTION,
  decision: { id, verdict, by: tenant.userId, at: new Date().toISOString(), via: 'rest' },
});

describe.each([
  ['nobody confirms in time', { status: 'unconfirmed' } as const],
  ['the server gives up because the workflow ends', { status: 'refused', type: ENDED, isRecorded: false } as const],
])('an answer that %s', (_, said) => {
  it('has counted when the row says that this very one has', async () => {
    const job = await waitingJob(said, ({ id, verdict }, keep) => keep(answeredBy(id, verdict)));
    await expect(job.approve()).resolves.toBe('running');
  });

  it('has counted also when the work already asks its next question', async () => {
    const job = await waitingJob(said, async ({ id, verdict }, keep) => {
      await keep(answeredBy(id, verdict));
      await keep({ ...QUESTION, id: randomUUID() });
    });
    await expect(job.approve()).resolves.toBe('running');
  });

  it('has not counted when another one has, and a cancel then stops nothing', async () => {
    const job = await waitingJob(said, (_decision, keep) => keep(answeredBy(randomUUID(), 'approve')));
    await expect(job.approve()).rejects.toMatchObject({ kind: 'conflict' });
    const next = await waitingJob(said, (_decision, keep) => keep(answeredBy(randomUUID(), 'approve')));
    await expect(next.cancel()).rejects.toMatchObject({ kind: 'conflict' });
    expect([...job.stopped, ...next.stopped]).toEqual([]);
  });

  it('is unknown while the question waits, and a cancel then stops the work', async () => {
    const job = await waitingJob(said, () => Promise.resolve());
    await expect(job.approve()).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(job.cancel()).resolves.toBe('awaiting_approval');
    expect(job.stopped).toEqual([job.jobId]);
  });
});
