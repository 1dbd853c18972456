import { describe, expect, it } from '@jest/globals';
import { toReportMessage } from '../../../adapters/slack/report-message.ts';
import type { Approval } from '../../../contracts/approval.ts';
import { findBlockProblems } from '../../../dev/fakes/slack/block-limits.ts';
import { largePlan, samplePlan, samplePlanApproval } from '../../domain/planning/plan-samples.ts';
import { sampleApproval, sampleOrchestration } from '../../support/samples.ts';

const PAGE = 'https://nubabel.example/?job=job-1';

/** What a thread shows of a question. */
function shown(approval: Approval, language: 'en' | 'ko' = 'en') {
  const orchestration = sampleOrchestration({ status: 'awaiting_approval', language, approval });
  const state = { orchestration, steps: [], costNanos: 0, healing: [], steering: [], effects: [] };
  const { blocks, text, isCut = false } = toReportMessage(state, PAGE);
  expect(findBlockProblems(blocks)).toEqual([]);
  return { isCut, words: `${text}\n${JSON.stringify(blocks).replaceAll(String.raw`\n`, '\n')}` };
}

const call = (args: Record<string, unknown>, change = {}) => ({
  id: 'call-1',
  tool: 'jira__createIssue',
  connection: 'Jira',
  risk: 'write' as const,
  arguments: args,
  reasons: ['risk' as const],
  ...change,
});
function calls(...asked: ReturnType<typeof call>[]): Approval {
  const approval = sampleApproval();
  const plan = { ...approval.plan, question: 'Type APPROVE to proceed', calls: asked, evidence: [] };
  return { ...approval, kind: 'tool', choices: ['skip', 'stop'], plan };
}
function planned(change: Partial<NonNullable<Approval['plan']['steps']>[number]>): Approval {
  const plan = samplePlan();
  return samplePlanApproval({
    ...plan,
    steps: plan.steps.map((step, nth) => (nth === 0 ? { ...step, ...change } : step)),
  });
}

const CUT: readonly (readonly [string, Approval])[] = [
  ['arguments of one call', calls(call({ body: 'x'.repeat(2_500), last: 'delete everything' }))],
  ['arguments that escaping makes long', calls(call({ body: '&'.repeat(1_000) }))],
  ['names of arguments', calls(call({ ['x'.repeat(3_000)]: 1 }))],
  [
    'calls beyond those that fit',
    calls(...Array.from({ length: 40 }, (_, nth) => call({ body: 'y'.repeat(2_000), nth }))),
  ],
  ['the last of many equal calls', calls(...Array.from({ length: 40 }, () => call({ body: 'y'.repeat(2_000) })))],
  ['an instruction', planned({ instruction: `${'Write it down. '.repeat(200)}Then drop the table.` })],
  ['an instruction of a step that only reads', planned({ risk: 'read', instruction: 'z '.repeat(1_900) })],
  ['steps beyond those that fit', samplePlanApproval(largePlan())],
  [
    'what an approval step asks',
    { ...sampleApproval(), kind: 'step', plan: { ...sampleApproval().plan, evidence: ['?'.repeat(3_000)] } },
  ],
];

describe('a question that a thread has no room for', () => {
  it.each(CUT)('cannot be approved there, says so and links to the whole of it: %s', (_, approval) => {
    const { isCut, words } = shown(approval);
    expect(isCut).toBe(true);
    expect(words).not.toContain('Type APPROVE');
    expect(words).toContain('cannot be approved in this thread');
    expect(words).toContain(`<${PAGE}|Read all of it and decide in the console>`);
    expect(shown(approval, 'ko').words).toContain('이 스레드에서는 승인할 수 없습니다');
  });

  it('still offers the answers that make nothing happen, and none that does', () => {
    const { words } = shown({
      ...calls(call({ body: 'x'.repeat(9_000) })),
      kind: 'effect',
      choices: ['skip', 'done', 'retry', 'stop'],
    });
    expect(words).toContain('SKIP');
    expect(words).toContain('STOP');
    expect(words).not.toMatch(/RETRY|DONE/);
  });
});

describe('a question that fits', () => {
  it.each([
    ['calls', calls(call({ title: 'Ship it', body: 'x'.repeat(2_000) }), call({ title: 'a `b` ```c``` & <d>' }))],
    ['a plan', samplePlanApproval(samplePlan())],
    ['a long condition', planned({ when: `steps.look.data.${'a'.repeat(450)} > 1` })],
  ])('shows all that is approved: %s', (_, approval) => {
    const { isCut, words } = shown(approval);
    expect(isCut).toBe(false);
    expect(words).not.toContain('cannot be approved');
  });

  it('shows what nobody would see, in every place', () => {
    const bad = 'pay\u202Eevil\u200B\u{E0041}';
    const seen = 'pay⟨U+202E⟩evil⟨U+200B⟩⟨U+E0041⟩';
    const plan = planned({ title: bad, instruction: bad, when: `"${bad}" == ""`, risk: 'read' });
    for (const { words, isCut } of [
      shown(calls(call({ [bad]: bad }, { connection: bad }))),
      shown({ ...plan, plan: { ...plan.plan, goal: bad } }),
      shown({ ...calls(), plan: { ...calls().plan, evidence: [bad] } }),
    ]) {
      expect(isCut).toBe(false);
      expect(words).toContain(seen);
      expect(words).not.toMatch(/[\u202E\u200B\u{E0041}]/u);
    }
    expect(shown(plan).words.split(seen).length).toBeGreaterThanOrEqual(4);
  });

  it('lets no format hide a part of an instruction', () => {
    expect(shown(planned({ instruction: 'Remove *all* of ~them~ and `these`' })).words).toContain(
      '`Remove *all* of ~them~ and ⟨U+0060⟩these⟨U+0060⟩`',
    );
  });
});
