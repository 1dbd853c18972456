import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startSharedNubabel, type Nubabel } from '../support/nubabel.ts';
import { askerOf, plannedBy } from '../support/replies.ts';

let nubabel: Nubabel;
beforeAll(async () => {
  nubabel = await startSharedNubabel();
}, 60_000);
afterAll(() => nubabel?.close());

const STEPS = [
  { id: 'analyze' },
  { id: 'costs', agent: 'finance' },
  { id: 'fix', needs: ['analyze'] },
  { id: 'deploy', needs: ['fix', 'costs'], risk: 'production' as const },
];
const post = (path: string, body: unknown) =>
  nubabel.request(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

describe('a planned request', () => {
  it('is priced, approved once, run step by step, and ends with the steps’ answers', async () => {
    nubabel.model.setResponder(plannedBy(STEPS));
    const { jobId } = await nubabel.ask('Analyze the codebase, fix the bugs, then deploy', { plan: 'always' });
    const waiting = await nubabel.jobWhen(jobId, ({ status }) => status !== 'pending' && status !== 'running');
    expect(waiting).toMatchObject({ status: 'awaiting_approval', approval: { kind: 'plan' } });
    expect(waiting.approval?.plan.steps?.map(({ id, phase }) => [id, phase])).toEqual([
      ['analyze', 1],
      ['costs', 1],
      ['fix', 2],
      ['deploy', 3],
    ]);
    const { id: approvalId, hash } = waiting.approval ?? {};
    expect((await post(`/api/jobs/${jobId}/approve`, { approvalId, hash: 'other' })).status).toBe(409);
    expect((await post(`/api/jobs/${jobId}/approve`, { approvalId, hash })).status).toBe(200);
    const done = await nubabel.ended(jobId);
    expect(done).toMatchObject({ status: 'completed' });
    expect(done.result?.primary_result).toContain('The part deploy is done');
    const order = nubabel.model.requests.map(askerOf);
    expect(order.filter((asker) => asker === 'planner')).toHaveLength(1);
  });
});
