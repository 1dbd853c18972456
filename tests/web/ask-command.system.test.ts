import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { healingView, planView } from './plan-jobs.ts';
import { sampleApproval, sampleResult } from './sample-jobs.ts';
import { openScriptedNubabel, TOKEN, type ScriptedNubabel } from './scripted-nubabel.ts';

let nubabel: ScriptedNubabel;
beforeEach(async () => {
  nubabel = await openScriptedNubabel();
});
afterEach(() => nubabel.close());

/** Runs `npm run ask`'s script with its output piped, as in a pipeline. */
function ask(args: string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, ['scripts/ask.ts', ...args], {
    env: { PATH: process.env['PATH'] ?? '', NUBABEL_URL: nubabel.url, NUBABEL_DEV_TOKEN: TOKEN, ...env },
  });
  const said = { out: '', err: '' };
  const watchers = new Set<() => void>();
  const hear = (stream: 'out' | 'err') => (text: string) => {
    said[stream] += text;
    watchers.forEach((look) => look());
  };
  child.stdout.setEncoding('utf8').on('data', hear('out'));
  child.stderr.setEncoding('utf8').on('data', hear('err'));
  return {
    said,
    ended: once(child, 'close').then(([code]: unknown[]) => code),
    interrupt: () => child.kill('SIGINT'),
    /** Resolves once standard error has the words. */
    hears: (words: string) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (said.err.includes(words)) resolve();
        };
        watchers.add(look);
        look();
      }),
  };
}

describe('npm run ask', () => {
  it('shows the work, points to the console for approval, and prints the answer alone on standard output', async () => {
    const run = ask(['Launch it', '--agents', 'brand,Finance', '--require-approval', '--session', 's-1']);
    await run.hears('Received');
    expect(nubabel.asked[0]?.body).toMatchObject({
      message: 'Launch it',
      sessionId: 's-1',
      agents: ['brand', 'finance'],
      requireApproval: true,
      idempotencyKey: expect.any(String),
    });
    nubabel.happen('job-1', 'approval_requested', {
      status: 'awaiting_approval',
      progress: 20,
      approval: sampleApproval(),
    });
    await run.hears(`${nubabel.url}/?job=job-1`);
    expect(run.said.err).toContain('Estimated 12.4¢, at most 63¢');
    nubabel.happen('job-1', 'orchestration_progress', {
      status: 'running',
      progress: 60,
      step: 'Running \u001B[31mBrand',
    });
    await run.hears('████████████░░░░░░░░ 60 %  Running ⟨U+001B⟩[31mBrand');
    const missing_agents = [{ agent: 'growth' as const, reason: 'Away.' }];
    const result = sampleResult({ missing_agents });
    nubabel.happen('job-1', 'orchestration_completed', {
      status: 'partial',
      progress: 100,
      costCents: 8.25,
      durationMs: 14_200,
      finishedAt: new Date().toISOString(),
      result,
    });
    expect(await run.ended).toBe(0);
    expect(run.said.out).toContain('## Launch tweet');
    expect(run.said.out).toContain('⚠️ Partly done in 14s, 8.25¢');
    expect(run.said.out).toContain('Missing: Growth: Away.');
    expect(run.said.out).toContain('Agents: Brand, Finance, Growth (claude-sonnet-5-5)');
    expect(run.said.out).not.toContain('\u001B');
  });

  it('asks for a plan or a dry run, and tells what happens while it waits', async () => {
    const run = ask(['Launch it', '--plan', 'always', '--dry-run']);
    await run.hears('Received');
    expect(nubabel.asked[0]?.body).toMatchObject({ plan: 'always', dryRun: true });
    const working = { status: 'running', progress: 40 } as const;
    nubabel.happen('job-1', 'orchestration_progress', {
      ...working,
      plan: planView([{ status: 'running' }]),
      healing: [healingView()],
    });
    await run.hears('Phase 1/2: Draft the launch tweet, Check the budget\n');
    await run.hears('Self-healing attempt #1');
    const finishedAt = new Date().toISOString();
    nubabel.happen('job-1', 'orchestration_completed', {
      status: 'completed',
      dryRun: true,
      finishedAt,
      plan: planView([{ status: 'running' }]),
    });
    expect(await run.ended).toBe(0);
    expect(run.said.err.match(/Phase 1/g)).toHaveLength(1);
    expect(run.said.out).toContain('nothing was done');
  });

  it('prints the job as JSON when asked', async () => {
    nubabel.accept.next = (job) => ({ ...job, status: 'completed', finishedAt: job.createdAt, result: sampleResult() });
    const run = ask(['Hi', '--json']);
    expect(await run.ended).toBe(0);
    expect(JSON.parse(run.said.out)).toMatchObject({ jobId: 'job-1', status: 'completed' });
  });

  it('asks the server to cancel at the first Ctrl-C and says so with its exit code', async () => {
    const run = ask(['Hi']);
    await run.hears('Received');
    run.interrupt();
    await run.hears('Cancelling…');
    const finishedAt = new Date().toISOString();
    nubabel.happen('job-1', 'orchestration_failed', { status: 'cancelled', finishedAt });
    expect(await run.ended).toBe(1);
    expect(nubabel.asked.some(({ path }) => path === '/api/jobs/job-1/cancel')).toBe(true);
  });

  it('leaves at the second Ctrl-C', async () => {
    const run = ask(['Hi']);
    await run.hears('Received');
    run.interrupt();
    await run.hears('Cancelling…');
    run.interrupt();
    expect(await run.ended).toBe(130);
  });

  it.each([
    { why: 'nothing to ask', args: [], env: {}, says: 'npm run ask -- "' },
    { why: 'an unknown option', args: ['Hi', '--colour'], env: {}, says: "Unknown option '--colour'" },
    {
      why: 'an unknown way to plan',
      args: ['Hi', '--plan', 'maybe'],
      env: {},
      says: '--plan takes auto, always, never',
    },
    { why: 'an unknown agent', args: ['Hi', '--agents', 'sales'], env: {}, says: 'There is no agent "sales"' },
    { why: 'a refused token', args: ['Hi'], env: { NUBABEL_DEV_TOKEN: 'wrong' }, says: 'The token is not valid.' },
    {
      why: 'nobody there',
      args: ['Hi'],
      env: { NUBABEL_URL: 'http://127.0.0.1:1' },
      says: 'Nubabel is not running at http://127.0.0.1:1. Start it with npm start.',
    },
    {
      why: 'nothing started',
      args: ['Hi'],
      env: { NUBABEL_URL: '', NUBABEL_DATA_DIR: '/nowhere' },
      says: 'Nubabel is not running at http://127.0.0.1:3000. Start it with npm start.',
    },
  ])('ends with 2 for $why', async ({ args, env, says }) => {
    const run = ask(args, env);
    expect(await run.ended).toBe(2);
    expect(run.said.err).toContain(says);
    expect(run.said.out).toBe('');
  });
});
