import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createApp } from '../../api/app.ts';
import type { ApiDeps } from '../../api/deps.ts';
import { withOrganization } from '../../db/organization.ts';
import type { Delivery } from '../../domain/orchestrations/workflow-port.ts';
import { putToken } from '../../db/queries/organizations.ts';
import { createLogger } from '../../logging.ts';
import { createOrchestration, createTenant, type Tenant } from '../db/world.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { expectProblem } from '../support/doors.ts';
import { hashToken } from '../../domain/organizations/organizations.ts';

let database: TestDatabase;
let app: ReturnType<typeof createApp>;
/** What was given to Temporal, which is away. */
const dispatched: Delivery[] = [];
beforeAll(async () => {
  database = await openTestDatabase();
  const deps: Pick<ApiDeps, 'agents' | 'db' | 'log' | 'dispatcher' | 'publicUrl'> = {
    agents: new Map(),
    db: database.db,
    publicUrl: 'http://localhost:3000',
    log: createLogger('test', 'silent'),
    dispatcher: { now: async (row) => void dispatched.push(row), fromBacklog: () => Promise.resolve('away') },
  };
  // Reading and undoing need no more of the product than this.
  app = createApp(deps as ApiDeps, undefined);
});
afterAll(() => database?.drop());

let tenant: Tenant;
let token: string;
beforeEach(async () => {
  dispatched.length = 0;
  tenant = await createTenant(database.db);
  token = await tokenOf(tenant.userId);
});

async function tokenOf(userId: string, owner = tenant): Promise<string> {
  const made = `nub_${randomUUID()}`;
  await withOrganization(database.db, owner.organizationId, (trx) =>
    putToken(trx, {
      organization_id: owner.organizationId,
      user_id: userId,
      token_hash: hashToken(made),
      name: 'test',
    }),
  );
  return made;
}
async function ask(method: 'GET' | 'POST', path: string, by = token, body?: object): Promise<Response> {
  const text = body && JSON.stringify(body);
  const length = { 'content-type': 'application/json', 'content-length': String(text?.length ?? 0) };
  const headers = { authorization: `Bearer ${by}`, ...(text && length) };
  return app.request(path, { method, headers, ...(text && { body: text }) });
}

/** A job with calls and effects as activities write them. */
async function jobWith(status: 'running' | 'completed', effects: readonly Record<string, unknown>[]): Promise<string> {
  const jobId = await createOrchestration(database.db, tenant, { status });
  const { organizationId: organization_id } = tenant;
  await withOrganization(database.db, organization_id, async (trx) => {
    for (const [position, effect] of effects.entries()) {
      const shared = {
        organization_id,
        orchestration_id: jobId,
        tool: 'notion__createTask',
        arguments: JSON.stringify({ title: `Task ${position}` }),
        arguments_hash: 'hash',
      };
      const key = `${jobId}:${position}`;
      const result = JSON.stringify({ text: 'made', isError: false });
      const call = {
        id: `call-${position}`,
        position,
        risk: 'write' as const,
        status: 'done' as const,
        effect_key: key,
      };
      await trx
        .insertInto('tool_calls')
        .values({ ...shared, ...call, result })
        .execute();
      await trx
        .insertInto('effects')
        .values({ ...shared, key, ...effect })
        .execute();
    }
  });
  return jobId;
}
const audits = () =>
  database.look<{ action: string; details: unknown }>('select action, details from audit where organization_id = $1', [
    tenant.organizationId,
  ]);

describe('what a job has called and changed', () => {
  it('is told in order, with results, and counted in its status', async () => {
    const jobId = await jobWith('completed', [
      { state: 'DONE', undoable: true, settled_by: 'response', resource: JSON.stringify({ id: 'T-0' }) },
      { state: 'UNKNOWN', detail: 'The answer was lost.' },
      { state: 'DONE', undoable: true, undo_state: 'DONE' },
      { state: 'FAILED' },
    ]);
    const { effects } = (await (await ask('GET', `/api/jobs/${jobId}/effects`)).json()) as { effects: unknown[] };
    expect(effects).toMatchObject([
      { state: 'DONE', undo: 'available', resource: { id: 'T-0' }, arguments: { title: 'Task 0' } },
      { state: 'UNKNOWN', undo: 'none', detail: 'The answer was lost.' },
      { state: 'DONE', undo: 'DONE' },
      { state: 'FAILED', undo: 'none' },
    ]);
    const { calls } = (await (await ask('GET', `/api/jobs/${jobId}/tool-calls`)).json()) as { calls: unknown[] };
    expect(calls).toHaveLength(4);
    expect(calls[0]).toMatchObject({ id: 'call-0', result: { text: 'made', isError: false } });
    const job = (await (await ask('GET', `/api/jobs/${jobId}/status`)).json()) as { toolCalls: unknown[] };
    expect(job).toMatchObject({ effects: { done: 2, unknown: 1, undoable: 1 }, leftOut: [] });
    expect(job.toolCalls).toMatchObject([0, 1, 2, 3].map((n) => ({ id: `call-${n}`, result: null })));
  });

  it('is nothing for a job without tools, and each job has its own', async () => {
    const quiet = await createOrchestration(database.db, tenant);
    const busy = await jobWith('running', [{ state: 'PENDING' }]);
    const { jobs } = (await (await ask('GET', '/api/jobs')).json()) as { jobs: { jobId: string }[] };
    const nothing = { effects: { done: 0, unknown: 0, undoable: 0 }, toolCalls: [] };
    expect(jobs.find(({ jobId }) => jobId === quiet)).toMatchObject(nothing);
    expect(jobs.find(({ jobId }) => jobId === busy)).toMatchObject({ toolCalls: [{ id: 'call-0' }] });
  });

  it('is shown in the status without its end when there is much of it', async () => {
    const jobId = await createOrchestration(database.db, tenant);
    await withOrganization(database.db, tenant.organizationId, async (trx) => {
      for (let n = 0; n < 60; n++)
        await trx
          .insertInto('tool_calls')
          .values({
            organization_id: tenant.organizationId,
            orchestration_id: jobId,
            id: `call-${String(n).padStart(2, '0')}`,
            position: n,
            tool: 'notion__createTask',
            risk: 'write',
            arguments: JSON.stringify({ text: 'x'.repeat(n === 59 ? 10_000 : 10) }),
            arguments_hash: 'hash',
          })
          .execute();
    });
    const job = (await (await ask('GET', `/api/jobs/${jobId}/status`)).json()) as {
      toolCalls: { id: string; arguments: Record<string, string> }[];
    };
    expect(job.toolCalls.map(({ id }) => id)).toEqual(Array.from({ length: 50 }, (_, n) => `call-${n + 10}`));
    expect(JSON.stringify(job.toolCalls.at(-1)).length).toBeLessThan(2_000);
    const { calls } = (await (await ask('GET', `/api/jobs/${jobId}/tool-calls`)).json()) as {
      calls: { arguments: { text: string } }[];
    };
    expect([calls.length, calls.at(-1)?.arguments.text.length]).toEqual([60, 10_000]);
  });

  it('is nobody else’s', async () => {
    const jobId = await jobWith('completed', [{ state: 'DONE', undoable: true }]);
    const other = await createTenant(database.db, 'Other', { role: 'admin' });
    const foreign = await tokenOf(other.userId, other);
    for (const id of [jobId, randomUUID(), 'x'])
      for (const [method, path] of [
        ['GET', 'effects'],
        ['GET', 'tool-calls'],
        ['POST', 'undo'],
      ] as const)
        await expectProblem(await ask(method, `/api/jobs/${id}/${path}`, foreign), 404);
    expect(dispatched).toEqual([]);
  });
});

describe('taking back what a job has changed', () => {
  it('is written down before anybody is told, so that nothing is lost while Temporal is away', async () => {
    const jobId = await jobWith('completed', [
      { state: 'DONE', undoable: true },
      { state: 'DONE', undoable: true, undo_state: 'FAILED' },
      { state: 'DONE', undoable: false },
    ]);
    const answer = await ask('POST', `/api/jobs/${jobId}/undo`);
    expect([answer.status, await answer.json()]).toEqual([202, { jobId, undoing: 2 }]);
    const rows = await database.look('select kind, body, handed_over_at from inbox where orchestration_id = $1', [
      jobId,
    ]);
    expect(rows).toEqual([{ kind: 'undo', body: { userId: tenant.userId }, handed_over_at: null }]);
    expect(dispatched).toMatchObject([{ kind: 'undo', orchestrationId: jobId }]);
    expect(await audits()).toEqual([{ action: 'effects.undo', details: { undoing: 2 } }]);
  });

  it.each([
    ['the job is still at work', 'running', { state: 'DONE', undoable: true }, /still at work/],
    ['nothing can be taken back', 'completed', { state: 'DONE' }, /Nothing/],
    ['nobody knows whether it happened', 'completed', { state: 'UNKNOWN', undoable: true }, /Nothing/],
    ['it is taken back already', 'completed', { state: 'DONE', undoable: true, undo_state: 'DONE' }, /already/],
  ] as const)('is refused when %s', async (_, status, effect, detail) => {
    const jobId = await jobWith(status, [effect]);
    const problem = await expectProblem(await ask('POST', `/api/jobs/${jobId}/undo`), 409);
    expect(problem['detail']).toMatch(detail);
    expect([dispatched, await audits()]).toEqual([[], []]);
  });

  it('that would lose what others have done needs the hash of exactly that', async () => {
    const losses = [{ what: 'comments', count: 2, people: ['Grace'] }];
    const asking = { state: 'DONE', undoable: true, undo_state: 'ASK', undo_losses: JSON.stringify(losses) } as const;
    const jobId = await jobWith('completed', [asking]);
    const { effects } = (await (await ask('GET', `/api/jobs/${jobId}/effects`)).json()) as {
      effects: { undo: string; undoQuestion: { losses: unknown; hash: string } }[];
    };
    expect(effects).toMatchObject([{ undo: 'ASK', undoQuestion: { losses } }]);
    const accepted = () => database.look('select undo_accepted from effects where orchestration_id = $1', [jobId]);
    expect((await ask('POST', `/api/jobs/${jobId}/undo`)).status).toBe(202);
    await expectProblem(await ask('POST', `/api/jobs/${jobId}/undo`, token, { accept: ['0'.repeat(64)] }), 409);
    await expectProblem(await ask('POST', `/api/jobs/${jobId}/undo`, token, { accept: true }), 400);
    expect(await accepted()).toEqual([{ undo_accepted: null }]);
    const { hash } = effects[0]?.undoQuestion ?? { hash: '' };
    expect((await ask('POST', `/api/jobs/${jobId}/undo`, token, { accept: [hash] })).status).toBe(202);
    expect(await accepted()).toEqual([{ undo_accepted: losses }]);
    expect((await audits()).at(-1)).toMatchObject({ details: { undoing: 1, accepted: [{ losses }] } });
  });

  it('is for the person who asked and for admins', async () => {
    const jobId = await jobWith('completed', [{ state: 'DONE', undoable: true }]);
    const people = await Promise.all(
      (['user', 'guest', 'admin'] as const).map(async (role) => {
        const userId = randomUUID();
        await database.look('insert into users (organization_id, id, name, role) values ($1, $2, $3, $4)', [
          tenant.organizationId,
          userId,
          role,
          role,
        ]);
        return tokenOf(userId);
      }),
    );
    const [user = '', guest = '', admin = ''] = people;
    await expectProblem(await ask('POST', `/api/jobs/${jobId}/undo`, user), 404);
    await expectProblem(await ask('POST', `/api/jobs/${jobId}/undo`, guest), 403);
    expect((await ask('POST', `/api/jobs/${jobId}/undo`, admin)).status).toBe(202);
  });
});
