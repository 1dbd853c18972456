import { describe, expect, it } from '@jest/globals';
import { toJobStatus } from '../../api/views/job-status.ts';
import { JOB_STATUSES, JobStatus } from '../../contracts/orchestration.ts';
import { centsToNanos } from '../../contracts/money.ts';
import { sampleAgent, sampleApproval, sampleOrchestration, sampleResult } from '../activities/samples.ts';

describe('a job as people read it', () => {
  it.each(JOB_STATUSES)('fits its contract when it is %s', (status) => {
    const row = sampleOrchestration({ status, approval: sampleApproval(), result: sampleResult() });
    const agents = [sampleAgent('brand', { status: 'done', model: 'm', cost_nanos: centsToNanos(1.5) })];
    const view = JobStatus.parse(toJobStatus(row, agents, centsToNanos(2.25)));
    expect(view).toMatchObject({
      status,
      costCents: 2.25,
      agents: [{ agent: 'brand', status: 'done', model: 'm', costCents: 1.5 }],
    });
  });

  it('leaves out what is not there', () => {
    const view = toJobStatus(sampleOrchestration(), [], 0);
    for (const part of ['result', 'approval', 'error']) expect(view).not.toHaveProperty(part);
    expect(view).toMatchObject({ finishedAt: null, category: null, costCents: 0 });
  });

  it('counts its duration to its end, until now while there is none, and never below zero', () => {
    const created = new Date(Date.now() - 5_000);
    const duration = (finished: Date | null) =>
      toJobStatus(sampleOrchestration({ created_at: created, finished_at: finished }), [], 0).durationMs;
    expect(duration(new Date(created.getTime() + 1_234))).toBe(1_234);
    expect(duration(null)).toBeGreaterThanOrEqual(5_000);
    expect(duration(new Date(created.getTime() - 1))).toBe(0);
  });

  it('does not tell where in Slack it was asked, nor how it was routed inside', () => {
    const text = JSON.stringify(toJobStatus(sampleOrchestration(), [], 0));
    for (const hidden of ['TDEMO', 'C_LAUNCH', 'organization', 'local_route']) expect(text).not.toContain(hidden);
  });
});
