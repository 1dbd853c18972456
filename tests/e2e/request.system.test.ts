import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { startSharedNubabel, type Nubabel } from '../support/nubabel.ts';

let nubabel: Nubabel;
beforeAll(async () => {
  nubabel = await startSharedNubabel();
}, 60_000);
afterAll(() => nubabel?.close());

describe('a request over REST', () => {
  it('is answered by the agents it names, with what it cost', async () => {
    const { jobId, status } = await nubabel.ask('Draft a launch tweet and check the budget', {
      agents: ['marketing', 'finance'],
    });
    expect(status).toBe('pending');
    const job = await nubabel.ended(jobId);
    expect(job).toMatchObject({ status: 'completed', progress: 100 });
    expect(job.result?.agents_used).toHaveLength(2);
    expect(job.costCents).toBeGreaterThan(0);
  });
});

describe('a cancel while a model is asked', () => {
  it('takes effect within a second, whenever between two heartbeats it comes', async () => {
    nubabel.model.pause();
    const tookMs: number[] = [];
    for (const afterMs of [100, 900, 1_700, 2_500, 3_300]) {
      const { jobId } = await nubabel.ask(`Stop me after ${afterMs}`, { agents: ['ops'] });
      const isAsked = () => nubabel.model.requests.some(({ userText }) => userText === `Stop me after ${afterMs}`);
      await eventually('the call', isAsked);
      await delay(afterMs);
      const toldAt = Date.now();
      expect((await nubabel.request(`/api/jobs/${jobId}/cancel`, { method: 'POST' })).status).toBe(200);
      await nubabel.jobWhen(jobId, ({ status }) => status === 'cancelled');
      tookMs.push(Date.now() - toldAt);
    }
    nubabel.model.resume();
    expect(tookMs.sort((a, b) => a - b)[2]).toBeLessThan(1_000);
  });
});

describe('a no without a body', () => {
  it('counts whatever content type it names', async () => {
    const { jobId } = await nubabel.ask('Draft a slogan', { agents: ['brand'], requireApproval: true });
    await nubabel.jobWhen(jobId, (job) => job.status === 'awaiting_approval');
    const headers = { 'content-type': 'application/json' };
    const answer = await nubabel.request(`/api/jobs/${jobId}/cancel`, { method: 'POST', headers });
    expect([answer.status, await answer.json()]).toEqual([200, { jobId, status: 'cancelled' }]);
    expect((await nubabel.ended(jobId)).status).toBe('cancelled');
  });
});

describe('a mention in Slack', () => {
  it('becomes one message that ends in its final state', async () => {
    const { ts } = await nubabel.slack.mention({
      user: 'U_ADA',
      channel: 'C_LAUNCH',
      text: 'Write a tagline for our new logo',
    });
    const message = await nubabel.slack.waitForMessage({
      channel: 'C_LAUNCH',
      thread: ts,
      where: (m) => m.text.includes('✅'),
    });
    expect(message.text).toContain('has answered');
    expect(nubabel.slack.messages({ channel: 'C_LAUNCH', thread: ts }).filter((m) => m.bot_id)).toHaveLength(1);
  });
});
