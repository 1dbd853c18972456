import type { JobStatus } from '../../contracts/orchestration.ts';
import type { HealingView, PlanView, StepView } from '../../contracts/plan.ts';
import type { SteeringView } from '../../contracts/steering.ts';
import { samplePlan, samplePlanApproval } from '../domain/planning/plan-samples.ts';
import { newJob } from './scripted-nubabel.ts';

/** A plan with how far each of its steps has come. */
export const planView = (changes: readonly Partial<StepView>[] = []): PlanView => {
  const { steps, ...plan } = samplePlan();
  const open = { status: 'pending', model: null, confidence: null, reason: null, costCents: 0 } as const;
  const times = { startedAt: null, finishedAt: null };
  return {
    ...plan,
    hash: 'plan-hash',
    steps: steps.map((step, index) => ({ ...step, ...open, ...times, ...changes[index] })),
  };
};

export const healingView = (given: Partial<HealingView> = {}): HealingView => ({
  stepId: 'budget',
  attempt: 1,
  rootCause: 'the answer was no JSON',
  action: 'another_agent',
  detail: 'Growth takes over',
  decidedBy: 'rule',
  status: 'running',
  costCents: 0.3,
  at: '2026-11-21T10:00:00Z',
  ...given,
});

export const steeringView = (given: Partial<SteeringView> = {}): SteeringView => ({
  id: 'steering-1',
  message: 'Also include Q3',
  mode: 'steer',
  status: 'pending',
  by: 'user-1',
  via: 'rest',
  at: '2026-11-21T10:00:00Z',
  deliveredAt: null,
  stepId: null,
  ...given,
});

/** A job that waits for the approval of its plan. */
export const waitingForPlan = (given: Partial<JobStatus> = {}): JobStatus =>
  newJob({
    message: 'Launch the product on Tuesday, with a tweet, a checked budget and the page',
    status: 'awaiting_approval',
    progress: 12,
    step: 'Waiting for approval',
    plan: planView(),
    approval: soon(samplePlanApproval()),
    ...given,
  });

const soon = <T extends { expiresAt: string }>(approval: T): T => ({
  ...approval,
  expiresAt: new Date(Date.now() + 9 * 60_000).toISOString(),
});
