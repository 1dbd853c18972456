import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { databaseOutage } from '../support/database-outage.ts';
import { botMessages, finalMessage, json } from '../support/doors.ts';
import { isContiguous, openStream } from '../support/event-stream.ts';
import { startNubabel, type Nubabel } from '../support/nubabel.ts';
import { crookedWindows, ledgerOf, missingEventIds, paidTwice, unfinished } from '../support/score.ts';

let nubabel: Nubabel;
beforeAll(async () => {
  nubabel = await startNubabel({ slack: { limits: 'off' } });
}, 60_000);
afterEach(() => nubabel.model.resume());
afterAll(() => nubabel?.close());

const askedFor = (text: string) => nubabel.model.requests.filter(({ userText }) => userText === text).length;
describe('while Temporal is away', () => {
  it('50 requests over REST and 10 over Slack are accepted at once, and each runs once when it is back', async () => {
    // What is measured is accepting, not the first steps of an API that has just started.
    await Promise.all(Array.from({ length: 20 }, () => nubabel.request('/api/jobs')));
    await nubabel.kill('temporal');
    const slowest: number[] = [];
    const timed = async <T>(work: Promise<T>): Promise<T> => {
      const startedAt = Date.now();
      const done = await work;
      slowest.push(Date.now() - startedAt);
      return done;
    };
    const jobs = await Promise.all(
      Array.from({ length: 50 }, (_, n) => timed(nubabel.ask(`Outage ${n}`, { agents: ['ops'] }))),
    );
    const threads = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        timed(nubabel.slack.mention({ user: 'U_ADA', channel: 'C_LAUNCH', text: `Write a slogan for outage ${n}` })),
      ),
    );
    expect(threads.flatMap(({ deliveries }) => deliveries.map(({ status }) => status))).toEqual(Array(20).fill(200));
    expect(Math.max(...slowest)).toBeLessThan(3_000);
    expect((await nubabel.request('/health/ready')).status).toBe(503);
    expect((await nubabel.request('/health/live')).status).toBe(200);
    await nubabel.start('temporal');
    for (const { jobId } of jobs) expect(await nubabel.ended(jobId, 60_000)).toMatchObject({ status: 'completed' });
    for (const { ts } of threads) {
      expect((await finalMessage(nubabel, 'C_LAUNCH', ts, 60_000)).text).toMatch(/^✅/);
      expect(botMessages(nubabel, 'C_LAUNCH', ts)).toHaveLength(1);
    }
    for (const n of jobs.keys()) expect(askedFor(`Outage ${n}`)).toBe(1);
  }, 120_000);

  it('a request can be cancelled before it was ever started, and then never runs', async () => {
    await nubabel.kill('temporal');
    const { jobId } = await nubabel.ask('Never mind', { agents: ['ops'] });
    const { jobId: later } = await nubabel.ask('Do mind', { agents: ['ops'] });
    const answer = await nubabel.request(`/api/jobs/${jobId}/cancel`, json({}));
    expect([answer.status, await answer.json()]).toMatchObject([200, { jobId, status: 'cancelled' }]);
    await nubabel.kill('api');
    await Promise.all([nubabel.start('temporal'), nubabel.start('api')]);
    expect(await nubabel.ended(later, 60_000)).toMatchObject({ status: 'completed' });
    expect(await nubabel.status(jobId)).toMatchObject({ status: 'cancelled', costCents: 0 });
    expect(askedFor('Never mind')).toBe(0);
  }, 120_000);
});

describe('an API that is killed', () => {
  it('after it has accepted loses neither the job nor what its reader has not seen yet', async () => {
    nubabel.model.pause();
    const { jobId } = await nubabel.ask('Outlive the API', { agents: ['ops', 'brand'] });
    const before = await openStream(nubabel, `/api/jobs/${jobId}/progress`);
    await before.waitFor('work', ({ data }) => data['status'] === 'running');
    await nubabel.kill('api');
    await before.ended;
    nubabel.model.resume();
    await nubabel.start('api');
    const after = await openStream(nubabel, `/api/jobs/${jobId}/progress`, { lastEventId: before.ids().at(-1) });
    await after.ended;
    const whole = await openStream(nubabel, `/api/jobs/${jobId}/progress`);
    await whole.ended;
    expect([...before.ids(), ...after.ids()]).toEqual(whole.ids());
    expect(after.facts().at(-1)?.data).toMatchObject({ status: 'completed' });
    expect(askedFor('Outlive the API')).toBe(2);
  }, 60_000);

  it('between the receipt and the start leaves the start to the next one', async () => {
    await nubabel.kill('temporal');
    const { jobId } = await nubabel.ask('Only a receipt', { agents: ['ops'] });
    await nubabel.kill('api');
    await Promise.all([nubabel.start('temporal'), nubabel.start('api')]);
    expect(await nubabel.ended(jobId, 60_000)).toMatchObject({ status: 'completed' });
    expect(askedFor('Only a receipt')).toBe(1);
  }, 90_000);
});

describe('when every database connection is cut', () => {
  it('work goes on, streams go on, and nothing is asked or paid for twice', async () => {
    const stream = await openStream(nubabel, '/api/events');
    nubabel.model.pause();
    const jobs = await Promise.all(
      Array.from({ length: 10 }, (_, n) => nubabel.ask(`Cut ${n}`, { agents: ['ops', 'brand'], mode: 'sequential' })),
    );
    await nubabel.model.waitForRequests(nubabel.model.requests.length + 1, 500).catch(() => undefined);
    for (const { jobId } of jobs) await nubabel.jobWhen(jobId, ({ status }) => status === 'running');
    await databaseOutage(nubabel).cut();
    nubabel.model.resume();
    await databaseOutage(nubabel).cut();
    for (const { jobId } of jobs) expect(await nubabel.ended(jobId, 60_000)).toMatchObject({ status: 'completed' });
    const last = jobs.at(-1)?.jobId;
    for (const { jobId } of jobs)
      await stream.waitFor('the end', ({ data }) => data['jobId'] === jobId && data['status'] === 'completed');
    expect(last).toBeTruthy();
    expect(isContiguous(stream.ids())).toBe(true);
    stream.close();
    expect(paidTwice(nubabel)).toEqual([]);
  }, 90_000);

  it('and stays away when a paid answer arrives, the answer is kept until it is back', async () => {
    nubabel.model.pause();
    const { jobId } = await nubabel.ask('Keep my answer', { agents: ['ops'] });
    await nubabel.jobWhen(jobId, ({ agents }) => agents.some(({ status }) => status === 'running'));
    await databaseOutage(nubabel).close();
    nubabel.model.resume();
    await nubabel.model.waitForLog(
      1,
      ({ userText, outcome }) => userText === 'Keep my answer' && outcome === 'answered',
    );
    const refused = await nubabel.request('/api/jobs');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
    await databaseOutage(nubabel).reopen();
    expect(await nubabel.ended(jobId, 60_000)).toMatchObject({ status: 'completed' });
    expect(askedFor('Keep my answer')).toBe(1);
  }, 90_000);
});

it('after all of it, the books are straight', async () => {
  expect(await unfinished(nubabel)).toEqual([]);
  expect(await missingEventIds(nubabel)).toEqual([]);
  expect(await crookedWindows(nubabel)).toEqual([]);
  expect(paidTwice(nubabel)).toEqual([]);
  expect(await ledgerOf(nubabel)).toMatchObject({ reserved: 0, unknown: 0 });
});
