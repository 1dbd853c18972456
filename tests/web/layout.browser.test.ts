import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import type axe from 'axe-core';
import type { Page } from 'playwright-core';
import { consoleStage } from './console-stage.ts';
import { planView, waitingForPlan } from './plan-jobs.ts';
import { sampleResult } from './sample-jobs.ts';
import { newConnection, newTool } from './scripted-connections.ts';
import { newJob, TOKEN } from './scripted-nubabel.ts';

const stage = consoleStage();
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds wrong, as one line each. */
async function findings(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run());
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`));
}

const prepare = () => {
  const nubabel = stage.nubabel();
  nubabel.jobs.set(
    'job-done',
    newJob({ jobId: 'job-done', status: 'completed', progress: 100, result: sampleResult() }),
  );
  nubabel.jobs.set('job-failed', newJob({ jobId: 'job-failed', status: 'failed', message: 'Post the tweet' }));
  nubabel.jobs.set('job-plan', waitingForPlan({ jobId: 'job-plan' }));
  nubabel.connections.views.set('connection-1', newConnection({ health: 'failing', lastError: 'It is away.' }));
  nubabel.connections.tools.set('connection-1', [newTool({ state: 'quarantined', hash: 'h', diff: [] })]);
};

describe('the console for everybody', () => {
  it.each([
    ['light', 'en-US'],
    ['dark', 'ko-KR'],
  ] as const)('has nothing that axe complains about, %s in %s', async (colorScheme, locale) => {
    prepare();
    const { page } = await stage.open('/', { colorScheme, locale, viewport: { width: 1440, height: 900 } });
    await page.getByRole('heading', { level: 1 }).waitFor();
    expect(await findings(page)).toEqual([]);
    for (const path of [
      '/?job=job-done',
      '/?job=job-failed',
      '/?job=job-plan',
      '/connections',
      '/connections/connection-1',
      '/nowhere',
    ]) {
      await page.goto(new URL(path, page.url()).href);
      await page.locator('main h1, main h2, main h3').first().waitFor();
      expect([path, await findings(page)]).toEqual([path, []]);
    }
  });

  it('has a sign-in that axe has nothing to say about', async () => {
    const { page } = await stage.open('/', {}, '');
    await page.getByLabel('Access token').waitFor();
    expect(await findings(page)).toEqual([]);
  });

  it('says that there is nothing at an address', async () => {
    const { see, page } = await stage.open('/nowhere');
    await see('Page not found');
    await page.getByRole('main').getByRole('link', { name: 'New request' }).click();
    await see('What should we work on?');
  });
});

describe('a question at 1440 × 900', () => {
  it('has its answers in sight, says nothing of words to type, and offers no follow-up beside them', async () => {
    prepare();
    const steps = Array.from(
      { length: 12 },
      (_, nth) => planView().steps[0] && { ...planView().steps[0], id: `s${nth}` },
    );
    const job = waitingForPlan({ jobId: 'job-plan' });
    const approval = job.approval && { ...job.approval, plan: { ...job.approval.plan, steps: steps as never } };
    stage.nubabel().jobs.set('job-plan', { ...job, ...(approval && { approval }) });
    const { page } = await stage.open('/?job=job-plan', { viewport: { width: 1440, height: 900 } });
    const approve = page.getByRole('button', { name: 'Approve', exact: true });
    await approve.waitFor();
    const box = await approve.boundingBox();
    expect(box && box.y + box.height).toBeLessThanOrEqual(900);
    const top = await approve.evaluate((button) => {
      const { x, y, width, height } = button.getBoundingClientRect();
      return document.elementFromPoint(x + width / 2, y + height / 2) === button;
    });
    expect(top).toBe(true);
    expect(await page.getByLabel('Follow up').count()).toBe(0);
    expect(await page.getByText(/type approve/i).count()).toBe(0);
  });
});

describe('the side bar', () => {
  it('keeps its links in sight however many requests there are', async () => {
    const nubabel = stage.nubabel();
    for (let nth = 0; nth < 25; nth++)
      nubabel.jobs.set(`job-${nth}`, newJob({ jobId: `job-${nth}`, status: 'completed' }));
    const { page } = await stage.open('/', { viewport: { width: 1440, height: 900 } });
    await page.locator('.recent-job').nth(19).waitFor({ state: 'attached' });
    const link = await page.locator('.side').getByRole('link', { name: 'Connections' }).boundingBox();
    expect(link && link.y + link.height).toBeLessThanOrEqual(900);
  });
});

describe('work that ended without an answer', () => {
  it('can be asked for again in the same conversation, and says what is not repeated', async () => {
    const nubabel = stage.nubabel();
    const effects = { done: 1, unknown: 0, undoable: 0 };
    nubabel.jobs.set('job-1', newJob({ status: 'failed', message: 'Post the tweet', effects }));
    const { page, see, press } = await stage.open('/?job=job-1');
    await see('Changes that were already made stay as they are.');
    await press('Ask again');
    const field = page.getByLabel('Follow up');
    expect(await field.inputValue()).toBe('Post the tweet');
    expect(nubabel.asked.filter(({ path }) => path.endsWith('/orchestrate'))).toEqual([]);
  });
});

describe('a link with a token', () => {
  it('signs nobody in as somebody else unasked', async () => {
    const { page, see, press } = await stage.open();
    await see('What should we work on?');
    await page.goto(`${new URL('/', page.url()).href}#token=${TOKEN}x`);
    await page.reload();
    await page.goto(`${new URL('/connections', page.url()).href}#token=${TOKEN}x`);
    await see('This link signs you in with another access token.');
    expect(await page.evaluate(() => localStorage.getItem('nubabel.token'))).toBe(TOKEN);
    await press('Stay signed in as now');
    expect(await page.evaluate(() => localStorage.getItem('nubabel.token'))).toBe(TOKEN);
  });
});
