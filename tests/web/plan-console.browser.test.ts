import { describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { consoleStage } from './console-stage.ts';
import { healingView, planView, steeringView, waitingForPlan } from './plan-jobs.ts';
import { sampleApproval, sampleResult } from './sample-jobs.ts';
import { newJob, type ScriptedNubabel } from './scripted-nubabel.ts';

const stage = consoleStage();
const posts = (nubabel: ScriptedNubabel, suffix: string) =>
  nubabel.asked.filter(({ method, path }) => method === 'POST' && path.endsWith(suffix)).map(({ body }) => body);
const receipt = {
  mode: 'stop' as const,
  at: '',
  callsInFlight: 2,
  spentAfterStopCents: 0.3,
  stepsDone: 1,
  stepsTotal: 3,
};

describe('a plan in the console', () => {
  it('is shown by phases with agents, prices and risks, and approved as it is', async () => {
    const nubabel = stage.nubabel();
    nubabel.jobs.set('job-1', waitingForPlan());
    const { page, see, press } = await stage.open('/?job=job-1');
    await see('Phase 2/2');
    await page.locator('[data-step="draft"] .step-line', { hasText: 'Draft the launch tweetBrand' }).waitFor();
    await page.locator('[data-step="release"]').getByText('Changes production').waitFor();
    await see(/^18¢$/);
    await see(/^4 min$/);
    await page.locator('[data-step="release"] summary').click();
    await see('steps.budget.confidence > 0.5');
    await press('Approve');
    await see('Answer received.');
    expect(posts(nubabel, '/approve')).toEqual([{ approvalId: 'approval-1', hash: 'hash-1' }]);
  });

  it('is changed by keyboard alone, says at the field what is wrong, and keeps what was typed', async () => {
    const nubabel = stage.nubabel();
    nubabel.jobs.set('job-1', waitingForPlan());
    const errors = [
      { path: 'edits.steps.0.instruction', message: 'This is a placeholder, not work.' },
      { path: 'steps.budget', message: 'Another step needs it.' },
      { path: 'goal', message: 'The goal is gone.' },
    ];
    nubabel.refusals.set('/approve', { status: 400, detail: 'The plan cannot be run like this.', errors });
    const { page, see } = await stage.open('/?job=job-1');
    const draft = page.locator('[data-step="draft"]');
    await draft.locator('summary').press('Enter');
    await draft.getByLabel('Title').fill('Draft two tweets');
    await draft.getByLabel('Instruction').fill('todo');
    await draft.getByLabel('Agent', { exact: true }).selectOption('marketing');
    await draft.getByText('Changed').waitFor();
    const budget = page.locator('[data-step="budget"]');
    await budget.locator('summary').press('Enter');
    await budget.getByRole('button', { name: 'Remove step' }).press('Enter');
    await page.getByRole('button', { name: 'Approve with changes' }).press('Enter');
    await see('The plan cannot be run like this.');
    await draft.getByRole('alert').getByText('This is a placeholder, not work.').waitFor();
    expect(await draft.getByLabel('Instruction').getAttribute('aria-invalid')).toBe('true');
    await budget.getByText('Another step needs it.').waitFor();
    await see('The goal is gone.');

    nubabel.refusals.clear();
    await draft.getByLabel('Instruction').fill('Write two tweets, one of them short.');
    await budget.getByRole('button', { name: 'Keep step' }).press('Enter');
    await page.getByRole('button', { name: 'Approve with changes' }).press('Enter');
    await see('Answer received.');
    const step = { id: 'draft', title: 'Draft two tweets', agent: 'marketing' };
    const exact = { approvalId: 'approval-1', hash: 'hash-1' };
    expect(posts(nubabel, '/approve')).toEqual([
      {
        ...exact,
        edits: {
          steps: [
            { ...step, instruction: 'todo' },
            { id: 'budget', remove: true },
          ],
        },
      },
      { ...exact, edits: { steps: [{ ...step, instruction: 'Write two tweets, one of them short.' }] } },
    ]);
  });

  it('moves phase by phase, with healing and what was said, to its end with coverage and receipt', async () => {
    const nubabel = stage.nubabel();
    nubabel.jobs.set('job-1', waitingForPlan());
    const { page, see, seeCard } = await stage.open('/?job=job-1');
    await seeCard('awaiting_approval');
    const done = { status: 'done' as const, costCents: 1.25, model: 'claude-sonnet-5-5' };
    const working = { status: 'running' as const, step: 'Running agent: Check the budget (2/3)', progress: 40 };
    nubabel.happen('job-1', 'orchestration_progress', {
      ...working,
      plan: planView([done, { status: 'running' }]),
      healing: [healingView()],
      steering: [steeringView(), steeringView({ id: 's2', message: 'And Q4', status: 'delivered' })],
    });
    const phase = page.getByRole('main').getByRole('progressbar', { name: 'Phase 1/2' });
    await phase.and(page.locator('[aria-valuenow="75"]')).waitFor();
    await page.locator('.plan-step[data-status="done"]', { hasText: '1.25¢' }).getByText('estimated 1.5¢').waitFor();
    await see(/Self-healing attempt #1: root cause the answer was no JSON, action another agent, status in progress/);
    await page.locator('.steering [data-status="pending"]', { hasText: 'Also include Q3' }).waitFor();
    await page.locator('.steering [data-status="delivered"]', { hasText: 'And Q4' }).waitFor();

    const left = { status: 'skipped' as const, reason: 'It needs a step that failed, so it did not run.' };
    const missing = [{ step: 'budget', title: 'Check the budget', reason: 'The model could not be reached.' }];
    const weights = [
      { step: 'draft', weight: 0.6 },
      { step: 'release', weight: 0.4 },
    ];
    const result = sampleResult({ coverage: { answered: 1, total: 3, missing, weights } });
    nubabel.happen('job-1', 'orchestration_completed', {
      status: 'partial',
      progress: 100,
      plan: planView([done, { status: 'failed', reason: 'The model could not be reached.' }, left]),
      result,
      receipt,
      finishedAt: new Date().toISOString(),
    });
    await seeCard('partial');
    await see('Based on 1 of 3 steps');
    await see(/Draft the launch tweet 60%, Release the page 40%/);
    await see(left.reason);
    await see(/2 calls were in progress, 0.3¢ spent after the stop, 1 of 3 steps done/);
  });
});

describe('running work in the console', () => {
  it('takes messages with Enter, shows them until they arrive, and stops with what is there', async () => {
    const nubabel = stage.nubabel();
    nubabel.jobs.set('job-1', newJob({ status: 'running', progress: 40, plan: planView() }));
    const { page, see, press } = await stage.open('/?job=job-1');
    const box = page.getByLabel('Message to the running work');
    await box.fill('Also include Q3');
    await box.press('Enter');
    await page.locator('.steering [data-status="pending"]', { hasText: 'Also include Q3' }).waitFor();
    await page.getByLabel('How to apply it').selectOption('replan');
    await box.fill('Without the page');
    await press('Send');
    await page.locator('.steering li', { hasText: 'Without the page' }).waitFor();
    nubabel.happen('job-1', 'orchestration_progress', {
      progress: 50,
      steering: [steeringView({ status: 'delivered' })],
    });
    await page.locator('.steering [data-status="delivered"]', { hasText: 'Also include Q3' }).waitFor();
    expect(await page.locator('.steering li').count()).toBe(2);

    nubabel.refusals.set('/steer', { status: 409, detail: 'The job is over.' });
    await box.fill('Too late');
    await press('Send');
    await see('The job is over.');
    expect(await box.inputValue()).toBe('Too late');
    nubabel.refusals.clear();
    await press('Finish with current results');
    await see('Finishing…');
    // The page says so before the server has been told.
    await eventually('the stop to arrive', () => posts(nubabel, '/steer').length === 4);
    expect(posts(nubabel, '/steer')).toEqual([
      { message: 'Also include Q3', mode: 'steer' },
      { message: 'Without the page', mode: 'replan' },
      { message: 'Too late', mode: 'replan' },
      { message: '', mode: 'stop' },
    ]);
  });

  it.each([
    ['en-US', 'Message to the running work', 'APPROVE', 'This message was not passed on. To answer a question'],
    ['en-US', 'Message to the running work', 'replan', 'choose “Replan remaining steps”'],
    ['ko-KR', '작업에 전할 말', '중지', '작업에 전하지 않았고 작업은 계속됩니다. 끝내려면'],
  ])('says in %s where a word counts that was said to running work: %s %s', async (locale, label, word, sentence) => {
    const nubabel = stage.nubabel();
    nubabel.jobs.set('job-1', newJob({ status: 'running', progress: 40 }));
    const detail = 'This message was not passed on … Send POST …';
    nubabel.refusals.set('/steer', { status: 400, type: '/problems/reserved-word', detail });
    const { page } = await stage.open('/?job=job-1', { locale });
    await page.getByLabel(label).fill(word);
    await page.getByLabel(label).press('Enter');
    await page.getByRole('alert').getByText(sentence).waitFor();
    expect(await page.getByLabel(label).inputValue()).toBe(word);
    expect(await page.getByText('POST').count()).toBe(0);
    nubabel.refusals.clear();
  });

  it('asks what to do with evidence, limits, choices and how many have approved', async () => {
    const nubabel = stage.nubabel();
    const base = sampleApproval({ kind: 'budget', choices: ['raise', 'skip', 'stop'] });
    const raise = { scope: 'user' as const, period: 'day', byCents: 20, limitCents: 500 };
    const policy = { ...base.policy, quorum: 2, notAsker: true, adminChoices: ['raise' as const] };
    const approvals = [{ by: 'user-2', at: '', via: 'slack' }];
    const plan = { ...base.plan, evidence: ['4.90 of 5.00 are spent.'], raise };
    nubabel.jobs.set('job-1', newJob({ status: 'awaiting_approval', approval: { ...base, plan, policy, approvals } }));
    const { page, see, press } = await stage.open('/?job=job-1');
    await see('Budget reached. How should Nubabel continue?');
    await see('4.90 of 5.00 are spent.');
    await see('1 of 2 approved');
    await see(/The person who asked cannot answer. Only admins may choose: Raise the limit/);
    expect(await page.getByRole('button', { name: 'Approve' }).count()).toBe(0);
    await press('Raise the limit');
    await see('Answer received.');
    expect(posts(nubabel, '/approve')).toEqual([{ approvalId: 'approval-1', hash: 'hash-1', choice: 'raise' }]);
  });
});

describe('a budget without room', () => {
  it.each([
    [
      'en-US',
      'Asia/Seoul',
      'budget_exhausted_user',
      /^Your budget for today.*It resets Jan 2, 2099, 9:00.AM \(your time\)/,
    ],
    ['en-US', 'America/New_York', 'budget_exhausted_organization', /organization's budget.*Jan 1, 2099, 7:00.PM/],
    ['ko-KR', 'Asia/Seoul', 'budget_exhausted_user', /오늘 예산.*2099년 1월 2일 오전 9:00\(내 시간대 기준\)에 초기화/],
  ])('tells in %s when it resets by a clock in %s: %s', async (locale, timezoneId, code, sentence) => {
    const error = { code, message: 'Used up. Resets at midnight UTC.', resetsAt: '2099-01-02T00:00:00.000Z' };
    stage.nubabel().jobs.set('job-1', newJob({ status: 'failed', error }));
    const { page, see } = await stage.open('/?job=job-1', { locale, timezoneId });
    await see(sentence);
    expect(await page.getByText('UTC').count()).toBe(0);
  });

  it('tells it where the work asks for more, too', async () => {
    const base = sampleApproval({ kind: 'budget', choices: ['raise', 'skip', 'stop'] });
    const raise = { scope: 'user' as const, period: 'day', byCents: 20, limitCents: 500 };
    const plan = { ...base.plan, raise: { ...raise, resetsAt: '2099-01-02T00:00:00.000Z' } };
    stage.nubabel().jobs.set('job-1', newJob({ status: 'awaiting_approval', approval: { ...base, plan } }));
    const { see } = await stage.open('/?job=job-1', { locale: 'en-US', timezoneId: 'Asia/Seoul' });
    await see(/^Jan 2, 2099, 9:00.AM$/);
  });
});

describe('a dry run', () => {
  it('is asked for in the options, with the plan, and says that nothing was done', async () => {
    const nubabel = stage.nubabel();
    const left = planView([{ status: 'skipped' }, { status: 'skipped' }, { status: 'skipped' }]);
    const result = sampleResult({ primary_result: 'The same in words.', primary_agent: null });
    nubabel.accept.next = (job) => ({ ...job, status: 'completed', progress: 100, dryRun: true, plan: left, result });
    const { page, see } = await stage.open();
    await page.getByLabel('Your request').fill('Launch it');
    await page.getByText('Options').click();
    await page.getByLabel('Plan first').selectOption('always');
    await page.getByText('Dry run: show what would happen').click();
    await page.getByLabel('Your request').press('Control+Enter');
    await see(/nothing was done/);
    await page
      .locator('.plan-step[data-status="pending"]', { hasText: 'Release the page' })
      .getByText('1.5¢')
      .waitFor();
    expect(await page.getByText('The same in words.').count()).toBe(0);
    expect(posts(nubabel, '/orchestrate')).toMatchObject([{ message: 'Launch it', plan: 'always', dryRun: true }]);
  });
});

describe('the looks of a plan', () => {
  it.each([
    {
      locale: 'ko-KR',
      colorScheme: 'dark' as const,
      words: ['이 계획을 승인할까요?', '1단계(총 2단계)', '운영 환경 변경'],
    },
    {
      locale: 'en-US',
      colorScheme: 'light' as const,
      words: ['Approve this plan?', 'Phase 1/2', 'Changes production'],
    },
  ])('fit a narrow phone in $locale', async ({ words, ...options }) => {
    stage.nubabel().jobs.set('job-1', waitingForPlan());
    const { page, see } = await stage.open('/?job=job-1', { ...options, viewport: { width: 360, height: 740 } });
    for (const word of words) await see(word);
    await page.locator('[data-step="release"] summary').click();
    await page.locator('[data-step="release"] textarea').waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
  });
});
