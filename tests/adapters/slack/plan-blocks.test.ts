import { describe, expect, it } from '@jest/globals';
import { resetClock } from '../../../adapters/slack/block-kit.ts';
import { toReportMessage as render } from '../../../adapters/slack/report-message.ts';
import type { ReportState } from '../../../domain/reports/report-state.ts';
import { APPROVAL_KINDS, CHOICES, type Approval } from '../../../contracts/approval.ts';
import { JOB_STATUSES } from '../../../contracts/orchestration.ts';
import { textsFor } from '../../../contracts/texts.ts';
import { findBlockProblems } from '../../../dev/fakes/slack/block-limits.ts';
import type { Orchestration } from '../../../db/queries/orchestrations.ts';
import {
  largePlan,
  sampleHealing,
  samplePlan,
  samplePlanApproval,
  sampleSteering,
  sampleStepRows,
  sampleStoredPlan,
} from '../../domain/planning/plan-samples.ts';
import { sampleApproval, sampleOrchestration, sampleResult } from '../../support/samples.ts';

const PAGE = 'https://nubabel.example/?job=1';
const toReportMessage = (state: ReportState) => render(state, PAGE);

const shown = (changes: Partial<Orchestration> = {}, more: Partial<ReportState> = {}): ReportState => ({
  orchestration: sampleOrchestration(changes),
  steps: [],
  costNanos: 0,
  healing: [],
  steering: [],
  effects: [],
  ...more,
});
/** The words of a message as a person sees them. */
const read = (given: ReportState) => {
  const { blocks, text } = toReportMessage(given);
  expect(findBlockProblems(blocks)).toEqual([]);
  return { text, words: JSON.stringify(blocks).replaceAll('\\n', '\n').replaceAll('\\"', '"') };
};
const asked = (approval: Approval, language: 'en' | 'ko' = 'en', more: Partial<ReportState> = {}) =>
  read(shown({ status: 'awaiting_approval', language, approval }, more));
const FINISHED = new Date('2026-11-21T10:00:12.340Z');

describe.each(['en', 'ko'] as const)('a plan in %s', (language) => {
  const texts = textsFor(language);

  it.each(JOB_STATUSES)('as large as allowed keeps Slack’s limits when it is %s', (status) => {
    const plan = largePlan();
    const steps = sampleStepRows(plan).map((step) => ({ ...step, status: 'failed' as const, reason: 'internal' }));
    const long = 'x'.repeat(5_000);
    const message = toReportMessage(
      shown(
        {
          language,
          status,
          step: long,
          options: { dryRun: status === 'completed' },
          approval: samplePlanApproval(plan, { choices: [...CHOICES] }),
          receipt: { mode: 'stop', at: '', callsInFlight: 2, spentAfterStopCents: 0.3, stepsDone: 3, stepsTotal: 5 },
          error: { code: 'internal', message: long },
          result: sampleResult({
            primary_result: '긴 답변 '.repeat(9_000),
            coverage: {
              answered: 0,
              total: 40,
              missing: steps.map(({ id, title }) => ({ step: id, title, reason: long })),
              weights: steps.map(({ id }) => ({ step: id, weight: 0.025 })),
            },
          }),
        },
        {
          plan: sampleStoredPlan(plan),
          steps,
          healing: Array.from({ length: 9 }, (_, index) => sampleHealing({ attempt: index, root_cause: long })),
          steering: Array.from({ length: 50 }, () => sampleSteering({ message: long })),
        },
      ),
    );
    expect(findBlockProblems(message.blocks)).toEqual([]);
    expect(message.text.length).toBeLessThan(12_000);
    expect(JSON.stringify(message)).not.toContain('<!channel>');
    expect(JSON.stringify(message).isWellFormed()).toBe(true);
  });

  it('is asked about with goal, phases, steps, prices, risks, conditions, the question and who may answer', () => {
    const approval = samplePlanApproval();
    approval.plan.question = texts.question;
    const { text, words } = asked(approval, language);
    for (const part of [
      'Launch the product on Tuesday',
      texts.plan.phase(1, 2),
      texts.plan.phase(2, 2),
      '🤖 Draft the launch tweet · Brand · ',
      '🔧 Release the page · github__merge',
      `🚨 ${texts.plan.risks.production}`,
      '`Publish the new pricing page.`',
      `${texts.plan.onlyIf} \`steps.budget.confidence &gt; 0.5\``,
      `${texts.estimate}: 4.50¢ (${texts.worstCase} 18.00¢) · ${texts.plan.minutes(4)} · ${texts.plan.total(3, 2)}`,
      texts.question,
      texts.plan.who([texts.plan.people.asker, texts.plan.people.admin]),
    ])
      expect(words).toContain(part);
    for (const part of [
      'Draft the launch tweet (Brand)',
      'Check the budget (Finance)',
      '3. 🚨 Release the page',
      '4.50¢',
      texts.question,
    ])
      expect(text).toContain(part);
  });

  it.each(APPROVAL_KINDS)('question of kind %s has a title and its choices as words to type', (kind) => {
    const { text, words } = asked(sampleApproval({ kind, choices: [...CHOICES] }), language);
    expect(words).toContain(`*⏳ ${texts.plan.titles[kind]}*`);
    for (const choice of CHOICES) {
      expect(words).toContain(texts.plan.choices[choice]);
      expect(text).toContain(choice.toUpperCase());
    }
  });

  it('shows a failed step’s evidence, what was tried and what is proposed', () => {
    const base = sampleApproval({ kind: 'healing' });
    const plan = {
      ...base.plan,
      agents: [],
      stepId: 'budget',
      evidence: ['429 <!here> & more'],
      action: 'skip' as const,
    };
    const { text, words } = asked({ ...base, plan }, language, { steps: sampleStepRows(), healing: [sampleHealing()] });
    const { healingActions: actions, healingStatuses } = texts;
    const tried = texts.healing(
      1,
      'the answer was no JSON',
      `${actions.another_agent} (Growth)`,
      healingStatuses.succeeded,
    );
    for (const part of ['• 429 &lt;!here&gt; &amp; more', tried]) {
      expect(words).toContain(part);
      expect(text).toContain(part);
    }
    expect(words).toContain(`${texts.plan.proposed}: ${actions.skip}`);
    expect(words).not.toContain(texts.estimate);
  });

  it('shows how far the work has come and what it has cost while it waits in the midst of it', () => {
    const steps = sampleStepRows(samplePlan(), [{ status: 'done' }, { status: 'waiting' }]);
    const more = { plan: sampleStoredPlan(), steps, steering: [sampleSteering()] };
    const { words } = asked(sampleApproval({ kind: 'step' }), language, more);
    expect(words).toContain(`${texts.plan.phase(1, 2)} \`████░░░░ 50 %\` ✋ Check the budget`);
    expect(words).toContain(`*${texts.plan.spent}:* $1.20`);
    expect(words).toContain('“Also include Q3”');
  });

  it('shows by what a refused budget would have to rise', () => {
    const base = sampleApproval({ kind: 'budget', choices: ['raise', 'stop'] });
    const raise = { scope: 'organization' as const, period: '2026-11', byCents: 20, limitCents: 500 };
    const { words } = asked({ ...base, plan: { ...base.plan, raise } }, language);
    expect(words).toContain(texts.plan.raise('organization', '2026-11', '20.00¢', '$5.00'));
    const { words: ofMonth } = asked(
      { ...base, plan: { ...base.plan, raise: { ...raise, period: 'month' } } },
      language,
    );
    expect(ofMonth).toContain(texts.words.resets(resetClock('month', new Date())));
  });

  it('at work shows a bar for each phase, what runs, what was healed and said, and what was spent', () => {
    const steps = sampleStepRows(samplePlan(), [{ status: 'done' }, { status: 'running' }]);
    const { text, words } = read(
      shown(
        { language, status: 'running', step: texts.running('Check the budget', 2, 3), progress: 40 },
        {
          plan: sampleStoredPlan(),
          steps,
          costNanos: 12_000_000,
          healing: [1, 2, 3, 4].map((attempt) => sampleHealing({ attempt, status: 'running' })),
          steering: [
            sampleSteering({ message: 'one', status: 'delivered' }),
            sampleSteering({ message: 'x'.repeat(90), mode: 'replan' }),
          ],
        },
      ),
    );
    expect(text.split('\n')[0]).toBe(`⏳ ${texts.running('Check the budget', 2, 3)}`);
    expect(text).toContain(`\n${texts.plan.phase(1, 2)} ██████░░ 75 % ⏳ Check the budget\n`);
    for (const part of [
      `${texts.plan.phase(1, 2)} \`██████░░ 75 %\` ⏳ Check the budget`,
      `${texts.plan.phase(2, 2)} \`░░░░░░░░ 0 %\``,
      `✅ “one” (${texts.plan.steering.delivered})`,
      `⏳ ${texts.plan.modes.replan}: “${'x'.repeat(80)}…” (${texts.plan.steering.pending})`,
      `${texts.plan.spent}: 1.20¢`,
      texts.plan.earlier(1),
    ])
      expect(words).toContain(part);
    const attempts = [...words.matchAll(/#(\d)/g)].map(([, attempt]) => attempt);
    expect(attempts).toEqual(['4', '3', '2']);
    expect(text).toContain('#4');
  });

  it('ends with what became of each step, what is missing, the weights, the receipt and the cost', () => {
    const steps = sampleStepRows(samplePlan(), [
      { status: 'done', cost_nanos: 10_000_000 },
      { status: 'failed', reason: 'model_unavailable' },
      { status: 'skipped', reason: 'dependency_failed' },
    ]);
    const coverage = {
      answered: 1,
      total: 2,
      missing: [{ step: 'budget', title: 'Check the budget', reason: texts.modelUnavailable }],
      weights: [
        { step: 'draft', weight: 0.6 },
        { step: 'release', weight: 0.4 },
      ],
    };
    const receipt = {
      mode: 'stop' as const,
      at: '',
      callsInFlight: 2,
      spentAfterStopCents: 0.3,
      stepsDone: 3,
      stepsTotal: 5,
    };
    const result = sampleResult({ coverage });
    const { text, words } = read(
      shown(
        { language, status: 'partial', result, receipt, finished_at: FINISHED },
        { plan: sampleStoredPlan(), steps, costNanos: 25_000_000, healing: [sampleHealing({ status: 'failed' })] },
      ),
    );
    const stopped = texts.plan.receipt({ mode: 'stop', calls: 2, spent: '0.300¢', done: 3, total: 5 });
    for (const part of [
      '✅ Draft the launch tweet · Brand · 1.00¢',
      `❌ Check the budget · Finance · ${texts.modelUnavailable}`,
      `⏭️ Release the page · ${texts.dependencyFailed}`,
      `⚠️ ${texts.plan.coverage(1, 2)}. ${texts.missing}: Check the budget (${texts.modelUnavailable})`,
      `${texts.plan.weights}: Draft the launch tweet 60 %, Release the page 40 %`,
      '#1',
      stopped,
      `${texts.cost}: 2.50¢`,
    ])
      expect(words).toContain(part);
    for (const part of [`⚠️ ${texts.partial}`, stopped, '#1', `${texts.cost}: 2.50¢`]) expect(text).toContain(part);
  });

  it('of a dry run shows steps and prices and says that nothing was run', () => {
    const result = sampleResult({ primary_result: `**${texts.planned}**\n\n1. Draft: 1.50¢`, primary_agent: null });
    const dry = { language, status: 'completed', options: { dryRun: true }, finished_at: FINISHED, result } as const;
    const planned = read(shown(dry, { plan: sampleStoredPlan(), steps: sampleStepRows() }));
    for (const part of [texts.planned, '🤖 Draft the launch tweet', '4.50¢']) expect(planned.words).toContain(part);
    const unplanned = read(shown(dry));
    for (const { text, words } of [planned, unplanned]) {
      expect(words.split(texts.planned)).toHaveLength(2);
      expect(text.split(texts.planned)).toHaveLength(2);
      expect(text).toContain('1.50¢');
    }
    expect(planned.text).toContain(`${texts.estimate}: 4.50¢`);
  });

  it('of a dry run shows its total, however many steps there are', () => {
    const plan = sampleStoredPlan();
    const [step] = plan.document?.steps ?? [];
    if (!plan.document || !step) throw new Error('The sample has no steps.');
    const steps = Array.from({ length: 400 }, (_, nth) => ({
      ...step,
      id: `s${nth}`,
      phase: nth,
      title: 'x'.repeat(110),
    }));
    const long = { ...plan, document: { ...plan.document, steps, phases: 400 } };
    const dry = { language, status: 'completed', options: { dryRun: true }, finished_at: FINISHED } as const;
    const { words } = read(shown({ ...dry, result: sampleResult() }, { plan: long }));
    expect(words).toContain(`${texts.estimate}: 4.50¢`);
    expect(words).toContain(texts.plan.total(400, 400));
  });
});

describe('who may answer', () => {
  const line = (policy: Partial<Approval['policy']>, approvals?: Approval['approvals'], language?: 'ko') =>
    asked(
      sampleApproval({ policy: { roles: ['admin'], asker: true, thresholdCents: 1, ...policy }, approvals }),
      language,
    ).words;

  it('is said in words: roles, people, delegates, four eyes, quorum, escalation and what only admins may choose', () => {
    expect(line({})).toContain('The asker or an admin can answer');
    expect(line({}, [], 'ko')).toContain('요청한 사람 또는 관리자가 답할 수 있습니다');
    expect(line({ users: ['a', 'b'] }, [], 'ko')).toContain('지정된 2명이 답할 수 있습니다');
    expect(line({ notAsker: true, roles: ['admin', 'user'], users: ['a'] })).toContain(
      'An admin or a member or one named person can answer · not the person who asked',
    );
    expect(line({ quorum: 2 }, [{ by: 'a', at: '', via: 'slack' }])).toContain('*1 of 2 approved*');
    const escalation = { at: '2026-11-21T10:05:00.000Z', roles: ['user'], users: [] };
    expect(line({ escalation })).toMatch(/from <!date\^\d+\^\{time_secs\}\|[^>]+> also a member/);
    expect(line({ adminChoices: ['raise'] })).toContain('only an admin can answer RAISE');
  });
});
