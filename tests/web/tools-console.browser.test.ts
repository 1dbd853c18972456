import { describe, expect, it } from '@jest/globals';
import type { EffectView } from '../../contracts/effects.ts';
import type { ToolCallView } from '../../contracts/tools.ts';
import { eventually } from '../support/eventually.ts';
import { consoleStage } from './console-stage.ts';
import { sampleApproval, sampleResult } from './sample-jobs.ts';
import { newJob } from './scripted-nubabel.ts';

const stage = consoleStage();

const call = (given: Partial<ToolCallView> = {}): ToolCallView => ({
  id: 'call-1',
  stepId: null,
  tool: 'notion__createTask',
  connection: 'Notion',
  risk: 'write',
  status: 'done',
  tainted: false,
  arguments: { title: 'Launch' },
  result: null,
  progress: null,
  startedAt: null,
  finishedAt: null,
  ...given,
});

const effect = (given: Partial<EffectView> = {}): EffectView => ({
  key: 'effect-1',
  stepId: null,
  tool: 'notion__createTask',
  connection: 'Notion',
  arguments: { title: 'Launch' },
  state: 'DONE',
  settledBy: 'response',
  resource: { id: 'T-1', url: 'https://notion.example.com/T-1' },
  attempts: 1,
  detail: null,
  undo: 'available',
  undoQuestion: null,
  claimedAt: '2026-11-21T10:00:00Z',
  settledAt: '2026-11-21T10:00:01Z',
  ...given,
});

describe('a call that waits for a person', () => {
  it('shows exactly what would be called with what, as text', async () => {
    const base = { ...sampleApproval(), kind: 'tool' as const, choices: ['skip' as const] };
    const asked = {
      id: 'call-1',
      tool: 'notion__deleteTask',
      connection: 'Notion',
      risk: 'production' as const,
      arguments: { id: '<script>alert(1)</script>' },
      reasons: ['risk' as const, 'untrusted_input' as const],
    };
    const delegated = { ...asked, id: 'call-2', tool: 'delegate__claude_code', connection: 'delegate' };
    const approval = { ...base, plan: { ...base.plan, calls: [asked, delegated] } };
    const nubabel = stage.nubabel();
    nubabel.jobs.set('job-1', newJob({ status: 'awaiting_approval', approval }));
    const { page, see, press } = await stage.open('/?job=job-1');
    await see('Allow this action?');
    const shown = page.locator('[data-tool="notion__deleteTask"]');
    await shown.getByText('in Notion').waitFor();
    await shown.getByText('Edits or deletes existing data').waitFor();
    await shown.getByText('"id": "<script>alert(1)</script>"').waitFor();
    const handedOn = page.locator('[data-tool="delegate__claude_code"]');
    await handedOn.getByText('Changes production').waitFor();
    expect(await handedOn.getByText('Edits or deletes existing data').count()).toBe(0);
    await see('Its arguments may come from an unverified source.');
    expect(await shown.getByText('It makes a change.').count()).toBe(0);
    await page.getByRole('button', { name: 'Skip this step' }).waitFor();
    await press('Approve');
    await see('Answer received.');
    const exact = { approvalId: approval.id, hash: approval.hash };
    expect(nubabel.asked.filter(({ path }) => path.endsWith('/approve')).map(({ body }) => body)).toEqual([exact]);
  });

  it('leads to the connection that has to be renewed', async () => {
    const base = { ...sampleApproval(), kind: 'reconnect' as const, choices: ['skip' as const] };
    const reconnect = { connectionId: 'connection-1', connection: 'Team Notion' };
    const approval = { ...base, plan: { ...base.plan, reconnect } };
    stage.nubabel().jobs.set('job-1', newJob({ status: 'awaiting_approval', approval }));
    const { page } = await stage.open('/?job=job-1');
    const link = page.getByRole('link', { name: 'Reconnect Team Notion' });
    expect(await link.getAttribute('href')).toBe('/connections/connection-1');
  });
});

describe('what a job has called and changed', () => {
  it('is shown while it happens, with the connections that were left out', async () => {
    const nubabel = stage.nubabel();
    const leftOut = [{ connectionId: 'connection-2', connection: 'Wiki', reason: 'reconnect' as const }];
    const running = call({ status: 'running', progress: 'Page 2 of 5', tainted: true });
    nubabel.jobs.set('job-1', newJob({ status: 'running', toolCalls: [running], leftOut }));
    const { page, see } = await stage.open('/?job=job-1');
    await see('Page 2 of 5');
    await page.locator('[data-tool="notion__createTask"] summary').press('Enter');
    await see('"title": "Launch"');
    await see('from an unverified source');
    await see('needs to be reconnected');
    expect(await page.getByRole('link', { name: 'Wiki' }).getAttribute('href')).toBe('/connections/connection-2');
  });

  it('opens a call that failed by itself, and says as text what the tool has said', async () => {
    const nubabel = stage.nubabel();
    const failed = call({ status: 'failed' });
    const result = { text: 'OpenCode is not configured: set <b>OPENCODE_SIDECAR_URL</b>.', isError: true };
    nubabel.connections.calls.set('job-1', [{ ...failed, result }]);
    nubabel.jobs.set('job-1', newJob({ status: 'failed', toolCalls: [failed] }));
    const { see } = await stage.open('/?job=job-1');
    await see('Result');
    await see(result.text);
  });

  it('shows what an undo would lose, and takes it back anyway only with the hash of exactly that', async () => {
    const nubabel = stage.nubabel();
    const losses = [{ what: 'comments' as const, count: 2, people: ['<b>Grace</b>'] }];
    nubabel.connections.effects.set('job-1', [effect({ undo: 'ASK', undoQuestion: { losses, hash: 'hash-1' } })]);
    const effects = { done: 1, unknown: 0, undoable: 1 };
    nubabel.jobs.set('job-1', newJob({ status: 'completed', result: sampleResult(), toolCalls: [call()], effects }));
    const { see, press } = await stage.open('/?job=job-1');
    await see('Undoing it would lose:');
    await see('2 comments by <b>Grace</b>');
    await press('Undo it anyway');
    await eventually('the undo', () => nubabel.asked.some(({ path }) => path === '/api/jobs/job-1/undo'));
    expect(nubabel.asked.find(({ path }) => path === '/api/jobs/job-1/undo')).toMatchObject({
      body: { accept: ['hash-1'] },
    });
  });

  it('can be taken back once the job is over, after a second look, and says how far that is', async () => {
    const nubabel = stage.nubabel();
    const { effects: ledger } = nubabel.connections;
    ledger.set('job-1', [
      effect(),
      effect({ key: 'effect-2', state: 'UNKNOWN', undo: 'none', resource: { id: 'x', url: 'javascript:alert(1)' } }),
    ]);
    const effects = { done: 1, unknown: 1, undoable: 1 };
    nubabel.jobs.set('job-1', newJob({ status: 'running', toolCalls: [call()], effects }));
    const { page, see, press } = await stage.open('/?job=job-1');
    await see('1 change, 1 not confirmed');
    expect(await page.getByRole('link', { name: 'Open T-1' }).getAttribute('href')).toBe(
      'https://notion.example.com/T-1',
    );
    expect(await page.locator('a[href^="javascript"]').count()).toBe(0);
    expect(await page.getByRole('button', { name: 'Undo the change' }).count()).toBe(0);
    nubabel.happen('job-1', 'orchestration_completed', { status: 'completed', result: sampleResult() });
    await press('Undo the change');
    await press('Undo it');
    await see('Undoing…');
    expect(nubabel.asked.filter(({ path }) => path === '/api/jobs/job-1/undo')).toHaveLength(1);
    ledger.set('job-1', [effect({ undo: 'DONE' })]);
    await see('undone');
  });
});
