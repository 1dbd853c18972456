import { describe, expect, it } from '@jest/globals';
import { consoleStage } from './console-stage.ts';
import { samplePlan } from '../domain/planning/plan-samples.ts';
import { healingView, planView, steeringView } from './plan-jobs.ts';
import { sampleApproval, sampleResult } from './sample-jobs.ts';
import { newJob } from './scripted-nubabel.ts';

const stage = consoleStage();

describe('the live connection', () => {
  it('goes on after the last event when the stream drops', async () => {
    const nubabel = stage.nubabel();
    nubabel.jobs.set('job-1', newJob({}));
    const { page, see, seeCard } = await stage.open('/?job=job-1');
    await seeCard('pending');
    nubabel.happen('job-1', 'orchestration_progress', { status: 'running', progress: 30, step: 'Before the drop' });
    await see('Before the drop');
    const reconnected = page.waitForRequest(
      (request) => request.url().endsWith('/job-1/progress') && request.headers()['last-event-id'] !== undefined,
    );
    nubabel.dropStreams();
    await reconnected;
    nubabel.happen('job-1', 'orchestration_progress', { progress: 70, step: 'After the drop' });
    await see('After the drop');
    expect(
      nubabel.asked.filter(({ path }) => path.endsWith('/progress')).map(({ lastEventId }) => lastEventId),
    ).toEqual([undefined, '1']);
  });

  it('polls while there is no stream', async () => {
    const nubabel = stage.nubabel();
    nubabel.refusals.set('/progress', { status: 503, detail: 'Not now.' });
    nubabel.jobs.set('job-1', newJob({ status: 'running', progress: 5, step: 'Starting' }));
    const { page, see } = await stage.open('/?job=job-1');
    await see(/checking every 2 s/);
    nubabel.happen('job-1', 'orchestration_completed', { status: 'completed', progress: 100, result: sampleResult() });
    await page.getByRole('heading', { name: 'Launch tweet' }).waitFor();
  });
});

describe('the looks', () => {
  it('speaks Korean where the browser does, and English when asked', async () => {
    const { page, see, press } = await stage.open('/', { locale: 'ko-KR' });
    await see('무엇을 함께 해볼까요?');
    expect(await page.locator('html').getAttribute('lang')).toBe('ko');
    await press('English');
    await see('What should we work on?');
    await page.reload();
    await see('What should we work on?');
  });

  it('is dark where the system is, and light when asked', async () => {
    const { page, press } = await stage.open('/', { colorScheme: 'dark' });
    const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    await press('Switch to light');
    const light = await ground();
    await press('Switch to dark');
    expect(await ground()).not.toBe(light);
    expect(await ground()).toBe('rgb(19, 20, 22)');
  });

  it('fits a narrow phone and works by keyboard alone', async () => {
    const nubabel = stage.nubabel();
    nubabel.jobs.set(
      'job-1',
      newJob({ message: 'x'.repeat(400), status: 'completed', progress: 100, result: sampleResult() }),
    );
    const { page, seeCard } = await stage.open('/?job=job-1', { viewport: { width: 360, height: 640 } });
    await seeCard('completed');
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
    await page.getByRole('button', { name: 'Menu' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByRole('link', { name: 'New request' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'Menu' }).and(page.locator(':focus')).waitFor();
  });
});

describe('hostile words', () => {
  it('are shown as words in every field', async () => {
    const nubabel = stage.nubabel();
    const attack = `<img src=x onerror="alert(1)"><script>alert(2)</script>[x](javascript:alert(3))![y](https://evil.example/p.png)`;
    const hostile = attack as 'brand';
    const choice = { agent: hostile, relevance: 1 };
    const waiting = newJob({
      message: attack,
      status: 'awaiting_approval',
      step: attack,
      agents: [{ agent: hostile, status: attack, model: attack, costCents: 0 }],
    });
    const base = sampleApproval();
    const words = { title: attack, instruction: attack, when: attack, tool: attack, agent: hostile };
    const steps = samplePlan().steps.map((step) => ({ ...step, ...words }));
    const approval = sampleApproval({
      policy: { ...base.policy, roles: [attack] },
      plan: { ...base.plan, agents: [choice], question: attack, goal: attack, steps, evidence: [attack] },
    });
    Object.assign(nubabel.me, { organization: { id: 'o', name: attack }, temporalUiUrl: 'javascript:alert(4)' });
    nubabel.jobs.set('job-1', { ...waiting, approval });
    const message = { jobId: null, createdAt: '2026-01-01T00:00:00Z', content: attack };
    nubabel.sessions.set('session-1', {
      sessionId: 'session-1',
      title: attack,
      source: attack,
      createdAt: '',
      updatedAt: '',
      jobs: [],
      messages: [
        { ...message, id: '1', role: 'user' },
        { ...message, id: '2', role: 'assistant' },
      ],
    });
    nubabel.refusals.set('/approve', { status: 409, detail: attack });
    const asked: string[] = [];
    const { page, press } = await stage.open('/?job=job-1');
    page.on('request', (request) => asked.push(request.url()));
    await press('Approve');
    await page.locator('.approval').getByRole('alert').waitFor();
    nubabel.happen('job-1', 'orchestration_completed', {
      status: 'partial',
      error: { code: attack, message: attack },
      plan: planView([{ ...words, reason: attack, model: attack, status: attack as 'failed' }]),
      healing: [healingView({ rootCause: attack, detail: attack, action: attack as 'skip' })],
      steering: [steeringView({ message: attack, status: attack as 'pending' })],
      result: sampleResult({
        primary_result: attack,
        primary_agent: hostile,
        agents_used: [hostile],
        models_used: [attack],
        missing_agents: [{ agent: hostile, reason: attack }],
        supporting_insights: [{ agent: hostile, content: attack, weight: 1, confidence: 1 }],
      }),
    });
    await page.locator('.plan-step summary').first().click();
    await page.locator('.insight summary').click();
    await page.locator('.insight .prose a').first().waitFor();
    expect(await page.locator('main img, main script, [onerror], iframe').count()).toBe(0);
    const targets = await page
      .locator('a[href]')
      .evaluateAll((links) => links.map((link) => link.getAttribute('href') ?? ''));
    expect(targets.filter((href) => /^\s*javascript:/i.test(href))).toEqual([]);
    expect(asked.filter((url) => !url.startsWith(nubabel.url))).toEqual([]);
  });
});
