import { describe, expect, it } from '@jest/globals';
import { toJobStatus, type JobParts } from '../../../domain/orchestrations/read-jobs.ts';
import { JOB_STATUSES, JobStatus } from '../../../contracts/orchestration.ts';
import { textsFor } from '../../../contracts/texts.ts';
import { centsToNanos } from '../../../contracts/money.ts';
import {
  sampleHealing,
  samplePlan,
  sampleSteering,
  sampleStepRows,
  sampleStoredPlan,
} from '../planning/plan-samples.ts';
import { sampleAgent, sampleApproval, sampleOrchestration, sampleResult } from '../../support/samples.ts';

const NOTHING: JobParts = { steps: [], steering: [], healing: [], calls: [], costNanos: 0 };

describe('a job as people read it', () => {
  it.each(JOB_STATUSES)('fits its contract when it is %s', (status) => {
    const row = sampleOrchestration({ status, approval: sampleApproval(), result: sampleResult() });
    const agents = [sampleAgent('brand', { status: 'done', model: 'm', cost_nanos: centsToNanos(1.5) })];
    const view = JobStatus.parse(toJobStatus(row, { ...NOTHING, steps: agents, costNanos: centsToNanos(2.25) }));
    expect(view).toMatchObject({
      status,
      costCents: 2.25,
      agents: [{ agent: 'brand', status: 'done', model: 'm', costCents: 1.5 }],
    });
  });

  it.each(['en', 'ko'] as const)(
    'of a deleted request tells in %s what was done, and none of its words',
    (language) => {
      const { deletedRequest } = textsFor(language).words;
      const rows = sampleStepRows(samplePlan(), [{ status: 'done', cost_nanos: centsToNanos(1.5) }]);
      const said = [sampleSteering({ message: 'Secret words' }), sampleSteering({ mode: 'stop', message: '' })];
      const healed = [sampleHealing({ decided_by: 'model', root_cause: 'Secret cause', detail: 'Secret detail' })];
      const parts = { ...NOTHING, steps: rows, plan: sampleStoredPlan(), steering: said, healing: healed };
      const asked = sampleApproval({ kind: 'healing' });
      const approval = { ...asked, plan: { ...asked.plan, evidence: ['Secret step', 'Secret answer'] } };
      const missing = [{ step: 'release', title: 'Secret title', reason: 'x' }];
      const result = sampleResult({ coverage: { answered: 1, total: 2, missing, weights: [] } });
      const deleted = { language, message_deleted_at: new Date(), approval, result };
      const view = (status: 'running' | 'completed') => toJobStatus(sampleOrchestration({ ...deleted, status }), parts);
      expect(view('running')).toMatchObject({
        message: deletedRequest,
        plan: { goal: deletedRequest },
        steering: [{ message: 'Secret words' }, { message: '' }],
        approval: { plan: { evidence: ['Secret step', 'Secret answer'] } },
      });
      expect(JSON.stringify(view('completed'))).not.toContain('Secret');
      expect(view('completed')).toMatchObject({
        steering: [{ message: deletedRequest }, { mode: 'stop', message: '' }],
        healing: [{ rootCause: deletedRequest, detail: deletedRequest, action: 'another_agent' }],
      });
      const { message, plan } = JobStatus.parse(view('completed'));
      expect([message, plan?.goal]).toEqual([deletedRequest, deletedRequest]);
      for (const { title, instruction } of plan?.steps ?? [])
        expect([title, instruction]).toEqual([deletedRequest, deletedRequest]);
      expect(plan?.steps[0]).toMatchObject({ id: 'draft', status: 'done', costCents: 1.5 });
    },
  );

  it.each(['en', 'ko'] as const)(
    'has the plan with every step, steering, healing and the receipt in %s',
    (language) => {
      const receipt = {
        mode: 'stop' as const,
        at: '2026-11-21T10:00:05.000Z',
        callsInFlight: 1,
        spentAfterStopCents: 0.3,
        stepsDone: 1,
        stepsTotal: 3,
      };
      const planDecision = { used: true, reason: 'several parts', signals: ['clauses:4'] };
      const row = sampleOrchestration({
        language,
        status: 'partial',
        plan_decision: planDecision,
        receipt,
        options: { dryRun: true },
      });
      const rows = sampleStepRows(samplePlan(), [
        { status: 'done', cost_nanos: centsToNanos(1.5), started_at: row.created_at },
        { status: 'skipped', reason: 'condition_false' },
      ]);
      const view = JobStatus.parse(
        toJobStatus(row, {
          steps: rows.slice(0, 2),
          plan: sampleStoredPlan(),
          steering: [sampleSteering()],
          healing: [sampleHealing()],
          calls: [],
          costNanos: 0,
        }),
      );
      expect(view).toMatchObject({
        planDecision,
        receipt,
        dryRun: true,
        plan: { hash: 'plan-hash', goal: 'Launch the product on Tuesday', revision: 1, phases: 2, cents: 4.5 },
        steering: [{ message: 'Also include Q3', status: 'pending', via: 'slack', deliveredAt: null }],
        healing: [{ stepId: 'budget', attempt: 1, action: 'another_agent', status: 'succeeded', costCents: 0.3 }],
        agents: [{ agent: 'brand' }, { agent: 'finance' }],
      });
      expect(view.plan?.steps).toMatchObject([
        {
          id: 'draft',
          status: 'done',
          costCents: 1.5,
          startedAt: '2026-11-21T10:00:00.000Z',
          estimate: { cents: 1.5 },
        },
        { id: 'budget', status: 'skipped', reason: textsFor(language).conditionFalse },
        { id: 'release', status: 'pending', when: 'steps.budget.confidence > 0.5', risk: 'production', phase: 2 },
      ]);
    },
  );

  it('leaves out what is not there', () => {
    const view = toJobStatus(sampleOrchestration(), NOTHING);
    for (const part of ['result', 'approval', 'error', 'plan', 'planDecision', 'receipt'])
      expect(view).not.toHaveProperty(part);
    expect(view).toMatchObject({
      finishedAt: null,
      category: null,
      costCents: 0,
      steering: [],
      healing: [],
      dryRun: false,
    });
  });

  it('counts its duration to its end, until now while there is none, and never below zero', () => {
    const created = new Date(Date.now() - 5_000);
    const duration = (finished: Date | null) =>
      toJobStatus(sampleOrchestration({ created_at: created, finished_at: finished }), NOTHING).durationMs;
    expect(duration(new Date(created.getTime() + 1_234))).toBe(1_234);
    expect(duration(null)).toBeGreaterThanOrEqual(5_000);
    expect(duration(new Date(created.getTime() - 1))).toBe(0);
  });

  it('does not tell where in Slack it was asked, nor how it was routed inside', () => {
    const text = JSON.stringify(toJobStatus(sampleOrchestration(), NOTHING));
    for (const hidden of ['TDEMO', 'C_LAUNCH', 'organization', 'local_route']) expect(text).not.toContain(hidden);
  });
});
