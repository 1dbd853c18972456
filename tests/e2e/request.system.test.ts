import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openSharedHouse, type House } from '../support/house.ts';

let house: House;
beforeAll(async () => {
  house = await openSharedHouse();
}, 60_000);
afterAll(() => house?.close());

describe('a request over REST', () => {
  it('is answered by the agents it names, with what it cost', async () => {
    const { jobId, status } = await house.ask('Draft a launch tweet and check the budget', {
      agents: ['marketing', 'finance'],
    });
    expect(status).toBe('pending');
    const job = await house.ended(jobId);
    expect(job).toMatchObject({ status: 'completed', progress: 100 });
    expect(job.result?.agents_used).toHaveLength(2);
    expect(job.costCents).toBeGreaterThan(0);
  });
});

describe('an answer without a body', () => {
  it('counts whatever content type it names', async () => {
    const { jobId } = await house.ask('Draft a slogan', { agents: ['brand'], requireApproval: true });
    await house.jobWhen(jobId, (job) => job.status === 'awaiting_approval');
    const headers = { 'content-type': 'application/json' };
    const answer = await house.request(`/api/jobs/${jobId}/approve`, { method: 'POST', headers });
    expect([answer.status, await answer.json()]).toEqual([200, { jobId, status: 'running' }]);
    expect((await house.ended(jobId)).status).toBe('completed');
  });
});

describe('a mention in Slack', () => {
  it('becomes one message that ends in its final state', async () => {
    const { ts } = await house.slack.mention({
      user: 'U_ADA',
      channel: 'C_LAUNCH',
      text: 'Write a tagline for our new logo',
    });
    const message = await house.slack.waitForMessage({
      channel: 'C_LAUNCH',
      thread: ts,
      where: (m) => m.text.includes('✅'),
    });
    expect(message.text).toContain('has answered');
    expect(house.slack.messages({ channel: 'C_LAUNCH', thread: ts }).filter((m) => m.bot_id)).toHaveLength(1);
  });
});
