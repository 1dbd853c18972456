import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { DEFAULT_ORGANIZATION_ID } from '../../domain/organizations/organizations.ts';
import { accepted, expectProblem, json, ORCHESTRATE } from '../support/doors.ts';
import { addPerson } from '../support/people.ts';
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

  it('can be looked for in Temporal by its category from the beginning, where no model is needed to tell it', async () => {
    const { jobId } = await nubabel.ask('Fix the bug in the login API and write a test for it');
    await nubabel.ended(jobId);
    const { events } = await nubabel.temporal.workflow.getHandle(nubabel.workflowId(jobId)).fetchHistory();
    const found = events?.[0]?.workflowExecutionStartedEventAttributes?.searchAttributes?.indexedFields;
    expect(Buffer.from(found?.['NubabelCategory']?.data ?? []).toString()).toBe('"ultrabrain"');
  });
});

describe('a word that has a meaning of its own', () => {
  it.each([
    ['APPROVE', /Nothing was started and nothing was paid.*\/approve/],
    ['승인', /시작하지 않았고.*\/approve/],
    ['cancel', /\/cancel/],
    ['STOP', /\/cancel/],
    ['undo', /\/undo/],
    ['help', /\/docs/],
    ['도움말', /문서는 \/docs/],
    ['status', /\/api\/jobs/],
    ['👍', /asks for nothing/],
  ])('starts and costs nothing as a request, and is told where it counts: %s', async (message, sentence) => {
    const before = await accepted(nubabel);
    const asked = nubabel.model.requests.length;
    const answer = await nubabel.request(ORCHESTRATE, json({ message, idempotencyKey: `word-${message}` }));
    const { type, detail } = await expectProblem(answer, 400);
    expect(type).toBe('/problems/reserved-word');
    expect(detail).toMatch(sentence);
    expect(await accepted(nubabel)).toEqual(before);
    expect(nubabel.model.requests).toHaveLength(asked);
  });

  it('is refused in a conversation too, and part of a longer request is work', async () => {
    const { jobId, sessionId } = await nubabel.ask('approve the budget draft and send it', { agents: ['finance'] });
    expect(await nubabel.ended(jobId)).toMatchObject({ status: 'completed' });
    const answer = await nubabel.request(ORCHESTRATE, json({ message: 'approve', sessionId }));
    expect((await expectProblem(answer, 400))['type']).toBe('/problems/reserved-word');
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

describe('an organization that somebody else’s lock holds up', () => {
  it('is told when to come again, and holds up no other organization with sixty requests', async () => {
    const other = await addPerson(nubabel, { newOrganization: 'Neighbours', role: 'admin' });
    const askAs = (request: Nubabel['request'], message: string) =>
      request('/api/orchestrator/orchestrate', json({ message, agents: ['ops'] }));
    // Both have a counter once they have asked for something.
    for (const request of [nubabel.request, other.request])
      expect((await askAs(request, 'Before the lock')).status).toBe(202);
    const holder = new Client({ connectionString: nubabel.database.adminUrl });
    await holder.connect();
    await holder.query('begin');
    await holder.query('select from event_counters where organization_id = $1 for update', [DEFAULT_ORGANIZATION_ID]);
    const loud = Array.from({ length: 60 }, (_, nth) => askAs(nubabel.request, `Held up ${nth}`));
    await delay(500);
    const tookMs: number[] = [];
    for (let nth = 0; nth < 5; nth++) {
      const askedAt = Date.now();
      expect((await askAs(other.request, `Not held up ${nth}`)).status).toBe(202);
      tookMs.push(Date.now() - askedAt);
    }
    expect(Math.max(...tookMs)).toBeLessThan(3_000);
    for (const answer of await Promise.all(loud)) {
      expect((await expectProblem(answer, 503))['detail']).toContain('Nothing was accepted');
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    await holder.query('rollback');
    await holder.end();
    expect((await askAs(nubabel.request, 'After the lock')).status).toBe(202);
    const kept = await nubabel.database.look(`select id from orchestrations where message like 'Held up%'`);
    expect(kept).toEqual([]);
  }, 60_000);
});

describe('a no without a body', () => {
  it('counts whatever content type it names', async () => {
    const { jobId } = await nubabel.ask('Draft a slogan', { agents: ['brand'], requireApproval: true });
    await nubabel.jobWhen(jobId, (job) => job.status === 'awaiting_approval');
    const headers = { 'content-type': 'application/json' };
    const answer = await nubabel.request(`/api/jobs/${jobId}/cancel`, { method: 'POST', headers });
    const changes = { done: 0, undoable: 0, unknown: 0 };
    expect([answer.status, await answer.json()]).toMatchObject([200, { jobId, status: 'cancelled', changes }]);
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
