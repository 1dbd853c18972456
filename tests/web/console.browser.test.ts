import { describe, expect, it } from '@jest/globals';
import { consoleStage } from './console-stage.ts';
import { sampleApproval, sampleResult } from './sample-jobs.ts';
import { newJob, TOKEN, type ScriptedNubabel } from './scripted-nubabel.ts';

const stage = consoleStage();
const posts = (nubabel: ScriptedNubabel, suffix: string) =>
  nubabel.asked.filter(({ method, path }) => method === 'POST' && path.endsWith(suffix));
const agent = (id: 'brand' | 'finance', status: string) => ({
  agent: id,
  status,
  model: 'claude-sonnet-5-5',
  costCents: 0,
});

describe('the console', () => {
  it('takes a request from the question over the approval to the answer', async () => {
    const { nubabel, page, see, press, seeCard } = await stage.open();
    await page.getByLabel('Your request').fill('Launch it');
    await page.getByText('Options').click();
    await page.getByText('Brand', { exact: true }).click();
    await page.getByText('Ask me before any work starts').click();
    await page.getByLabel('Your request').press('Control+Enter');
    await seeCard('pending');
    expect(posts(nubabel, '/orchestrate')[0]?.body).toEqual({
      message: 'Launch it',
      agents: ['brand'],
      requireApproval: true,
      idempotencyKey: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect(new URL(page.url())).toMatchObject({ search: '?job=job-1', hash: '' });

    const agents = [agent('brand', 'pending'), agent('finance', 'pending')];
    nubabel.happen('job-1', 'approval_requested', {
      status: 'awaiting_approval',
      progress: 20,
      approval: sampleApproval(),
      agents,
    });
    await see('Approve this plan?');
    await see(/Can be answered by admins or the person who asked/);
    await see(/^63¢$/);
    await see(/^Expires in \d:\d\d$/);
    await press('Approve');
    await see('Answer received.');
    expect(posts(nubabel, '/approve')[0]?.body).toEqual({ approvalId: 'approval-1', hash: 'hash-1' });

    nubabel.happen('job-1', 'orchestration_progress', {
      status: 'running',
      progress: 62,
      step: 'Running agent: Brand (1/2)',
      agents: [agent('brand', 'running'), { ...agent('finance', 'done'), costCents: 3.1 }],
      costCents: 3.1,
    });
    await seeCard('running');
    await see('Running agent: Brand (1/2)');
    await page.locator('.chip[data-state="running"]', { hasText: 'Brand' }).waitFor();
    await page.locator('.chip[data-state="done"]', { hasText: '3.1¢' }).waitFor();
    await page
      .getByRole('main')
      .getByRole('progressbar', { name: 'Progress' })
      .and(page.locator('[aria-valuenow="62"]'))
      .waitFor();
    expect(await page.title()).toBe('62% Working · Nubabel');

    const ended = { status: 'completed' as const, progress: 100, finishedAt: new Date().toISOString() };
    nubabel.happen('job-1', 'orchestration_completed', {
      ...ended,
      durationMs: 14_200,
      costCents: 8.25,
      result: sampleResult(),
    });
    await page.getByRole('heading', { name: 'Launch tweet' }).waitFor();
    await see('Led by Brand');
    await see('8.25¢');
    await see(/^claude-sonnet-5-5$/);
    await page.locator('summary', { hasText: 'Finance' }).click();
    await see(/budget has/);
    expect(await page.getByRole('link', { name: 'the guide' }).getAttribute('rel')).toContain('noopener');
    expect(await page.getByRole('link', { name: 'Open in Temporal' }).getAttribute('href')).toBe(
      'http://127.0.0.1:8233/namespaces/default/workflows/orchestration-job-1-org-1',
    );
  });

  it('continues the conversation, with what was said above', async () => {
    const nubabel = stage.nubabel();
    nubabel.jobs.set('old', newJob({ jobId: 'old', status: 'completed', progress: 100, result: sampleResult() }));
    const said = { jobId: 'old', createdAt: '2026-01-01T00:00:00Z' };
    nubabel.sessions.set('session-1', {
      sessionId: 'session-1',
      title: '',
      source: 'rest',
      createdAt: said.createdAt,
      updatedAt: said.createdAt,
      jobs: [],
      messages: [
        { ...said, id: '1', role: 'user', content: 'First question' },
        { ...said, id: '2', role: 'assistant', content: 'First **answer**' },
      ],
    });
    const { page, see, press, seeCard } = await stage.open('/?job=old');
    await page.getByLabel('Follow up').fill('And then?');
    await press('Ask');
    await seeCard('pending');
    await see('First question');
    await see('First answer');
    expect(posts(nubabel, '/orchestrate')[0]?.body).toMatchObject({ message: 'And then?', sessionId: 'session-1' });
    await page.goBack();
    await seeCard('completed');
  });

  it('asks again under the same key when nobody answered, and never loses the text', async () => {
    const { page, see, press, seeCard } = await stage.open();
    await page.route('**/orchestrate', (route) => route.abort());
    const keys: unknown[] = [];
    page.on('request', (request) => {
      if (request.url().endsWith('/orchestrate'))
        keys.push((request.postDataJSON() as { idempotencyKey: string }).idempotencyKey);
    });
    await page.getByLabel('Your request').fill('Launch it');
    await press('Ask');
    await see(/will not start it twice/);
    await page.unroute('**/orchestrate');
    await press('Try again');
    await seeCard('pending');
    expect(keys.length).toBeGreaterThan(1);
    expect(new Set(keys).size).toBe(1);
  });

  it.each([
    ['en-US', 'Your request', 'APPROVE', 'Nothing was started. To answer a question, use the buttons'],
    ['en-US', 'Your request', 'help', 'The documentation is under /docs.'],
    ['ko-KR', '요청 내용', '취소', '작업을 시작하지 않았습니다. 작업을 끝내려면'],
    ['ko-KR', '요청 내용', 'STATUS', '작업과 진행 상황은 이 페이지의 목록에서'],
  ])(
    'says in %s under the box where a word counts, and keeps the text: %s %s',
    async (locale, label, word, sentence) => {
      const nubabel = stage.nubabel();
      const detail = 'Nothing was started and nothing was paid. Send POST …';
      nubabel.refusals.set('/orchestrate', { status: 400, type: '/problems/reserved-word', detail });
      const { page } = await stage.open('/', { locale });
      await page.getByLabel(label).fill(word);
      await page.getByLabel(label).press('Control+Enter');
      await page.getByRole('alert').getByText(sentence).waitFor();
      expect(await page.getByLabel(label).inputValue()).toBe(word);
      expect(await page.getByText('POST').count()).toBe(0);
      nubabel.refusals.clear();
    },
  );

  it('cancels, and says why it cannot when the server says no', async () => {
    const nubabel = stage.nubabel();
    nubabel.jobs.set('job-1', newJob({ status: 'running', progress: 40 }));
    nubabel.refusals.set('/cancel', { status: 403, detail: 'Only an admin or the asker may cancel this.' });
    const { see, press } = await stage.open('/?job=job-1');
    await press('Cancel request');
    await see('Only an admin or the asker may cancel this.');
    nubabel.refusals.clear();
    await press('Cancel request');
    await see('Cancelling…');
    nubabel.happen('job-1', 'orchestration_failed', { status: 'cancelled', finishedAt: new Date().toISOString() });
    await see(/Nothing more will run/);
  });

  it('shows the sentence of the server when an approval no longer stands', async () => {
    const nubabel = stage.nubabel();
    nubabel.jobs.set('job-1', newJob({ status: 'awaiting_approval', progress: 20, approval: sampleApproval() }));
    nubabel.refusals.set('/approve', { status: 409, detail: 'Grace has already answered.' });
    const { see, press } = await stage.open('/?job=job-1');
    await press('Approve');
    await see('Grace has already answered.');
    await see('req-1');
  });

  it('asks for a token when it has none or a wrong one', async () => {
    const { page, see, press } = await stage.open('/', {}, '');
    await page.getByLabel('Access token').fill('wrong');
    await press('Sign in');
    await see(/That token was not accepted/);
    await page.getByLabel('Access token').fill(TOKEN);
    await press('Sign in');
    await see('What should we work on?');
    await page.reload();
    await see('Acme');
    await press('Sign out');
    await page.getByLabel('Access token').waitFor();
  });

  it('names who is missing from a partial answer, and marks demo work', async () => {
    const nubabel = stage.nubabel();
    Object.assign(nubabel.me, { demo: true });
    const missing_agents = [{ agent: 'marketing' as const, reason: 'The provider could not be reached.' }];
    nubabel.jobs.set(
      'job-1',
      newJob({ status: 'partial', progress: 100, demo: true, result: sampleResult({ missing_agents }) }),
    );
    const { page, see } = await stage.open('/?job=job-1');
    await see('Partly done');
    await see('Not everyone answered');
    await see(/Marketing.*The provider could not be reached/);
    await page.locator('.top-bar').getByText('Demo').waitFor();
  });

  it('keeps the list of recent work live', async () => {
    const { nubabel, page, see, seeCard } = await stage.open();
    await see('Your requests will appear here.');
    nubabel.jobs.set('job-1', newJob({ message: 'From Slack' }));
    nubabel.happen('job-1', 'orchestration_progress', { status: 'running', progress: 10 });
    await page.getByRole('link', { name: /From Slack/ }).click();
    await seeCard('running');
    nubabel.happen('job-1', 'orchestration_completed', {
      status: 'completed',
      progress: 100,
      costCents: 2,
      result: sampleResult(),
    });
    await page.locator('.side').getByText('2¢').waitFor();
  });
});
