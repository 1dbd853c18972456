import type { Approval } from '../../../contracts/approval.ts';
import type { Plan, PricedStep } from '../../../contracts/plan.ts';
import type { Healing } from '../../../db/queries/healing.ts';
import type { StoredPlan } from '../../../db/queries/plans.ts';
import type { Steering } from '../../../db/queries/steering.ts';
import type { Step } from '../../../db/queries/steps.ts';
import { sampleAgent, sampleApproval } from '../../support/samples.ts';

const OWNER = {
  organization_id: '11111111-1111-4111-8111-111111111111',
  orchestration_id: '22222222-2222-4222-8222-222222222222',
};
const AT = new Date('2026-11-21T10:00:00Z');

export const sampleStep = (changes: Partial<PricedStep> = {}): PricedStep => ({
  id: 'draft',
  kind: 'agent',
  title: 'Draft the launch tweet',
  instruction: 'Write a launch tweet of at most 240 characters.',
  agent: 'brand',
  category: null,
  tool: null,
  needs: [],
  when: null,
  risk: 'read',
  phase: 1,
  estimate: {
    minutes: 2,
    inputTokens: 900,
    outputTokens: 400,
    cents: 1.5,
    worstCents: 6,
    basis: 'prices',
    runs: 0,
  },
  ...changes,
});

/** Two drafts side by side, then a change to production that depends on one of them. */
export const samplePlan = (changes: Partial<Plan> = {}): Plan => ({
  revision: 1,
  source: 'planner',
  goal: 'Launch the product on Tuesday',
  steps: [
    sampleStep(),
    sampleStep({ id: 'budget', title: 'Check the budget', agent: 'finance' }),
    sampleStep({
      id: 'release',
      kind: 'tool',
      title: 'Release the page',
      instruction: 'Publish the new pricing page.',
      agent: null,
      tool: 'github__merge',
      needs: ['draft', 'budget'],
      when: 'steps.budget.confidence > 0.5',
      risk: 'production',
      phase: 2,
    }),
  ],
  phases: 2,
  minutes: 4,
  cents: 4.5,
  worstCents: 18,
  ...changes,
});

/** As large as a plan may be, with the longest words a step may have. */
export const largePlan = (): Plan =>
  samplePlan({
    goal: '목'.repeat(500),
    steps: Array.from({ length: 40 }, (_, index) =>
      sampleStep({
        id: `step_${index}`,
        title: `${index} ${'<&>'.repeat(39)}`,
        instruction: '긴 지시 `*_<!channel>🎉'.repeat(400).slice(0, 4_000),
        when: `steps.step_0.confidence > ${'0'.repeat(440)}`,
        risk: 'production',
        phase: 1 + (index % 32),
      }),
    ),
    phases: 32,
  });

export const samplePlanApproval = (plan = samplePlan(), changes: Partial<Approval> = {}): Approval => {
  const base = sampleApproval({ kind: 'plan' });
  return {
    ...base,
    plan: {
      ...base.plan,
      agents: [],
      goal: plan.goal,
      revision: plan.revision,
      minutes: plan.minutes,
      steps: plan.steps,
      estimatedCents: plan.cents,
      worstCaseCents: plan.worstCents,
    },
    ...changes,
  };
};

export const sampleStoredPlan = (plan = samplePlan()): StoredPlan => ({
  ...OWNER,
  revision: plan.revision,
  source: plan.source,
  state: 'adopted',
  hash: 'plan-hash',
  document: plan,
  draft: null,
  problems: [],
  created_at: AT,
});

/** The rows of a plan's steps. */
export const sampleStepRows = (plan = samplePlan(), changes: Partial<Step>[] = []): Step[] =>
  plan.steps.map((step, position) => ({
    ...sampleAgent('general'),
    ...step,
    condition: step.when,
    position,
    revision: plan.revision,
    turn_key: null,
    ...changes[position],
  }));

export const sampleHealing = (changes: Partial<Healing> = {}): Healing => ({
  ...OWNER,
  step_id: 'budget',
  attempt: 1,
  root_cause: 'the answer was no JSON',
  action: 'another_agent',
  detail: null,
  agent: 'growth',
  decided_by: 'rule',
  status: 'succeeded',
  cost_nanos: 3_000_000,
  created_at: AT,
  ...changes,
});

export const sampleSteering = (changes: Partial<Steering> = {}): Steering => ({
  ...OWNER,
  id: '55555555-5555-4555-8555-555555555555',
  user_id: '44444444-4444-4444-8444-444444444444',
  via: 'slack',
  mode: 'steer',
  message: 'Also include Q3',
  status: 'pending',
  step_id: null,
  created_at: AT,
  delivered_at: null,
  ...changes,
});
