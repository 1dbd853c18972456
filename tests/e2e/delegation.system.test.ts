import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { processesIn, startsBelow } from '../adapters/coding-agents/fixture.ts';
import { createFakeSidecar, type FakeSidecar } from '../fakes/sidecar/fake-sidecar.ts';
import { DEFAULT_ORGANIZATION_ID } from '../../domain/organizations/organizations.ts';
import { addPerson } from '../support/people.ts';
import { auditOf, waits as waitsFor } from '../support/approvals.ts';
import { json } from '../support/doors.ts';
import { openStream } from '../support/event-stream.ts';
import { eventually } from '../support/eventually.ts';
import { startNubabel, type Nubabel } from '../support/nubabel.ts';
import { specialist, toolCall } from '../support/replies.ts';
import { answer, callsOf, callTool, effectsOf, setDelegation, setPolicy, toolEnv } from '../support/tools.ts';

/** Coding tasks that are handed on: to the sidecar over HTTP, and to a command line on this machine. */
let nubabel: Nubabel;
let sidecar: FakeSidecar;
let dir: string;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'nubabel-delegated-'));
  mkdirSync(join(dir, 'bin'));
  symlinkSync(fileURLToPath(new URL('../fakes/coding-agents/claude.ts', import.meta.url)), join(dir, 'bin', 'claude'));
  sidecar = await createFakeSidecar();
  nubabel = await startNubabel({
    env: {
      ...toolEnv(),
      HOME: dir,
      PATH: [join(dir, 'bin'), dirname(process.execPath), process.env['PATH']].join(delimiter),
      NUBABEL_DATA_DIR: join(dir, 'data'),
      OPENCODE_SIDECAR_URL: sidecar.url,
      OPENCODE_SIDECAR_TIMEOUT: '20000',
      DELEGATION_MAX_CENTS: '50',
    },
  });
}, 90_000);
beforeEach(async () => {
  await setPolicy(nubabel, { risks: [], untrusted: false });
  await setDelegation(nubabel, true);
});
afterAll(async () => {
  await nubabel?.close();
  await sidecar?.close();
  rmSync(dir, { recursive: true, force: true });
});

/** A task that a human is asked about, whatever the policy says, and hands on. */
async function handOn(tool: string, prompt: string) {
  const { body } = await callTool(nubabel, tool, { prompt }, { waitMs: 0 });
  await answer(nubabel, await waitsFor(nubabel, body.jobId, 'tool'));
  return body;
}
const opencode = (prompt: string) => handOn('delegate__opencode', prompt);
const claude = (prompt: string) => handOn('delegate__claude_code', prompt);
const resultOf = async (jobId: string) => {
  await nubabel.ended(jobId);
  return JSON.stringify((await callsOf(nubabel, jobId)).map(({ result }) => result));
};
const tasks = (prompt: string) => sidecar.log.filter(({ task }) => task?.prompt === prompt);
function starts(prompt: string) {
  return startsBelow(join(dir, 'data')).filter((start) => start.prompt.includes(prompt));
}
/** Everybody who works in one of the folders of these tasks. */
const atWork = (prompt: string): number[] =>
  starts(prompt).flatMap(({ key }) => processesIn(join(dir, 'data', 'workspaces', key)));
const booked = async () => {
  const answered = await nubabel.request('/api/admin/budgets');
  const { budgets } = (await answered.json()) as {
    budgets: { scope: string; period: string; spentCents: number; reservedCents: number }[];
  };
  return budgets
    .filter(({ scope }) => scope === 'organization')
    .map(({ spentCents, reservedCents }) => ({
      spentCents,
      reservedCents,
    }))[0];
};

describe('delegation', () => {
  it('is off until an admin of the organization allows it, and an admin may forbid it while a task waits', async () => {
    await setDelegation(nubabel, false);
    const refused = await callTool(nubabel, 'delegate__opencode', { prompt: 'Not allowed' });
    expect(refused).toMatchObject({ status: 409 });
    expect(JSON.stringify(refused.body)).toContain('/api/admin/delegation');
    const offered = (await (await nubabel.request('/api/tools')).json()) as { tools: { name: string }[] };
    expect(offered.tools.filter(({ name }) => name.startsWith('delegate__'))).toEqual([]);

    await setDelegation(nubabel, true);
    const { body } = await callTool(nubabel, 'delegate__opencode', { prompt: 'Not allowed' }, { waitMs: 0 });
    const asked = await waitsFor(nubabel, body.jobId, 'tool');
    expect(asked.approval?.plan.calls).toMatchObject([{ risk: 'production' }]);
    await setDelegation(nubabel, false);
    await answer(nubabel, asked);
    await nubabel.ended(body.jobId);
    expect(tasks('Not allowed')).toEqual([]);
    expect(
      (await auditOf(nubabel, DEFAULT_ORGANIZATION_ID)).filter(({ action }) => action === 'delegation.set'),
    ).toEqual(expect.arrayContaining([expect.objectContaining({ details: { enabled: false }, outcome: 'done' })]));
  });

  it('is allowed by admins and by nobody else', async () => {
    const bob = await addPerson(nubabel);
    const answered = await bob.request('/api/admin/delegation', { ...json({ enabled: true }), method: 'PUT' });
    expect(answered.status).toBe(403);
  });
});

describe('a task for OpenCode', () => {
  it('is answered over REST, and its cost is booked to the job and the budgets', async () => {
    const before = await booked();
    const { jobId } = await opencode('Fix the login');
    expect(await resultOf(jobId)).toContain('Done: Fix the login');
    const job = await nubabel.status(jobId);
    expect(job.costCents).toBeCloseTo(0.89, 6);
    const after = await booked();
    expect((after?.spentCents ?? 0) - (before?.spentCents ?? 0)).toBeCloseTo(0.89, 6);
    expect(after?.reservedCents).toBe(0);
  });

  it.each([502, 504])(
    'may have been done after %i, so a human is asked and nothing is sent again by itself',
    async (status) => {
      sidecar.failNext({ status });
      const { jobId } = await opencode(`After ${status}`);
      await answer(nubabel, await waitsFor(nubabel, jobId, 'effect'), { choice: 'skip' });
      await nubabel.ended(jobId);
      expect(tasks(`After ${status}`).map(({ outcome }) => outcome)).toEqual([status]);
    },
  );

  it.each([429, 503])('is tried again after %i, and done once', async (status) => {
    sidecar.failNext({ status, retryAfter: '0' });
    const { jobId } = await opencode(`After ${status}`);
    const job = await nubabel.ended(jobId);
    expect(job).toMatchObject({ status: 'completed' });
    expect(tasks(`After ${status}`).map(({ outcome }) => outcome)).toEqual([status, 200]);
  });

  it('is asked about when its answer is lost, and not sent again by itself', async () => {
    sidecar.failNext('drop');
    const body = await opencode('Lost on the way');
    const asked = await waitsFor(nubabel, body.jobId, 'effect');
    expect(tasks('Lost on the way').filter(({ outcome }) => outcome !== 'left')).toHaveLength(1);
    await answer(nubabel, asked, { choice: 'skip' });
    await nubabel.ended(body.jobId);
    expect(await effectsOf(nubabel, body.jobId)).toMatchObject([{ state: 'UNKNOWN' }]);
  });

  it('of an agent waits for a human, whose yes hands it on once', async () => {
    await setPolicy(nubabel, {});
    nubabel.model.setResponder((request) =>
      request.schema
        ? specialist()(request)
        : request.allToolResults[0]
          ? { text: `It says: ${request.allToolResults[0].text}\nCONFIDENCE: 0.8` }
          : toolCall('delegate__opencode', { prompt: 'By an agent' }),
    );
    const { jobId } = await nubabel.ask('Have it fixed', { agents: ['engineering'] });
    const asked = await waitsFor(nubabel, jobId, 'tool');
    expect(tasks('By an agent')).toEqual([]);
    await answer(nubabel, asked);
    const { result } = await nubabel.ended(jobId);
    expect(result?.primary_result).toContain('Done: By an agent');
    expect(tasks('By an agent')).toHaveLength(1);
  });

  it('without room in the budget is not handed on, and the words say what is missing', async () => {
    const budgets = { scope: 'organization', period: 'month' };
    await nubabel.request('/api/admin/budgets', { ...json({ ...budgets, limitCents: 10 }), method: 'PUT' });
    const { jobId } = await opencode('Too dear');
    expect(await resultOf(jobId)).toMatch(/50 cents aside/);
    expect(tasks('Too dear')).toEqual([]);
    await nubabel.request('/api/admin/budgets', { ...json({ ...budgets, limitCents: 100_000 }), method: 'PUT' });
  });
});

describe('a task for Claude Code', () => {
  it('tells its log as it goes, as events of the job', async () => {
    const body = await claude('[[say half way]][[say almost]]');
    const stream = await openStream(nubabel, '/api/events', { lastEventId: 0 });
    const seen = await stream.waitFor('a line of the log', ({ type, data }) => {
      return type === 'delegation_log' && JSON.stringify(data).includes('almost');
    });
    expect(JSON.stringify(seen.data)).toContain('claude_code');
    stream.close();
    expect(await nubabel.ended(body.jobId)).toMatchObject({ status: 'completed' });
  });

  it('ends with everybody it has started when the job is cancelled', async () => {
    const body = await claude('cancel me [[child]][[ignore-sigterm]][[hang]]');
    await eventually('the agent and its child', () => atWork('cancel me').length >= 3);
    expect((await nubabel.request(`/api/jobs/${body.jobId}/cancel`, json({}))).status).toBe(200);
    await nubabel.ended(body.jobId);
    await eventually('the end of all of them', () => atWork('cancel me').length === 0);
    expect(starts('cancel me')).toHaveLength(1);
  });

  it('is neither left running nor run again when its worker is killed: a human is asked', async () => {
    const body = await claude('kill my worker [[hang]]');
    await eventually('the agent', () => atWork('kill my').length > 0);
    await nubabel.kill('worker');
    await eventually('the end of the agent', () => atWork('kill my').length === 0);
    await nubabel.start('worker');
    const asked = await waitsFor(nubabel, body.jobId, 'effect');
    expect(starts('kill my')).toHaveLength(1);
    await answer(nubabel, asked, { choice: 'skip' });
    await nubabel.ended(body.jobId);
    expect(starts('kill my')).toHaveLength(1);
  });

  it('shares the machine with one other at most, whatever their jobs', async () => {
    const jobs = await Promise.all([1, 2, 3].map((nth) => claude(`crowd ${nth} [[hang]]`)));
    const alive = () => starts('crowd').filter(({ prompt }) => atWork(prompt).length > 0);
    await eventually('two agents', () => alive().length === 2);
    await eventually('nobody joins them', async () => {
      const calls = await nubabel.database.look<{ status: string }>(
        "select status from tool_calls where tool = 'delegate__claude_code' and status in ('pending', 'waiting', 'running')",
      );
      return calls.length === 3;
    });
    expect(alive()).toHaveLength(2);
    for (const { jobId } of jobs) await nubabel.request(`/api/jobs/${jobId}/cancel`, json({}));
    for (const { jobId } of jobs) await nubabel.ended(jobId);
    await eventually('nobody left', () => alive().length === 0);
  });
});

it('a coding agent that is not there says what to set', async () => {
  const { jobId } = await handOn('delegate__cursor', 'Anybody?');
  expect(await resultOf(jobId)).toContain('CURSOR_COMMAND');
});
