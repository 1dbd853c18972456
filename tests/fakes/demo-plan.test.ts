import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { diagnosisRequest, diagnosisSchema, toDiagnosis } from '../../domain/healing/diagnosis.ts';
import { plannerRequest, type PlannerRequest } from '../../domain/planning/prompt.ts';
import { planSchema, toPlanDraft } from '../../domain/planning/schema.ts';
import { validatePlan } from '../../domain/planning/validate.ts';
import { TRAINED_AGENTS } from '../../contracts/agents.ts';
import type { PlanDraft } from '../../contracts/plan.ts';
import { planFor } from '../../dev/fakes/model/demo/plan.ts';
import { conformingTo, demoResponder, echo, type ModelRequest } from '../../dev/fakes/model/index.ts';

const readDraft = (text: string) => toPlanDraft(text, TRAINED_AGENTS);

const respond = demoResponder({ latencyMs: 0 });
const WORLD = { agents: new Set<string>(TRAINED_AGENTS), tools: new Set<string>() };

async function saidTo(schema: Record<string, unknown>, userText: string, answer = respond): Promise<string> {
  const request: ModelRequest = {
    id: 'req_1',
    at: '2026-01-01T00:00:00Z',
    apiKey: 'k',
    model: 'claude-opus-5-5',
    system: '',
    userText,
    messages: [],
    maxTokens: 1000,
    stream: false,
    tools: [],
    toolResults: [],
    allToolResults: [],
    schema,
    body: {},
  };
  const reply = await answer(request);
  return 'json' in reply ? JSON.stringify(reply.json) : '';
}

async function planned(message: string, more: Omit<PlannerRequest, 'message'> = {}): Promise<PlanDraft> {
  const said = readDraft(await saidTo(planSchema(TRAINED_AGENTS), plannerRequest({ message, ...more })));
  if (!('draft' in said)) throw new Error(JSON.stringify(said.problems));
  const finished = new Set(more.finished?.map(({ id }) => id));
  expect(validatePlan(said.draft, { ...WORLD, finished })).toEqual([]);
  return said.draft;
}
const needsOf = ({ steps }: PlanDraft) => Object.fromEntries(steps.map(({ id, needs }) => [id, needs]));

describe('the demo’s plan', () => {
  it('goes from analysis to a deployment with a way back, at once where it can', async () => {
    const plan = await planned('Analyze the codebase, fix the bugs, run the tests, then deploy');
    expect(needsOf(plan)).toEqual({
      analyze: [],
      fix: ['analyze'],
      run_tests: ['fix'],
      way_back: [],
      deploy: ['run_tests', 'way_back'],
    });
    expect(plan.steps.at(-1)).toMatchObject({ risk: 'production', agent: 'engineering', when: expect.any(String) });
    expect(plan.goal).toMatch(/^Demo plan: Analyze the codebase/);
  });

  it('speaks the language of the request', async () => {
    const plan = await planned('코드베이스를 분석하고 버그를 고치고 테스트를 실행한 다음 배포해줘');
    expect(Object.keys(needsOf(plan))).toEqual(['analyze', 'fix', 'run_tests', 'way_back', 'deploy']);
    for (const { title, instruction } of plan.steps) expect(`${title} ${instruction}`).not.toMatch(/[a-z]{3,}/i);
    expect(plan.goal).toMatch(/^데모 계획: /);
  });

  it('gives every part to whoever fits', async () => {
    const { steps } = await planned('Review the logo, check the budget, and draft a newsletter for customers');
    expect(steps.map(({ agent }) => agent)).toEqual(['brand', 'finance', 'marketing']);
  });

  it('is one step for one wish', async () => {
    expect((await planned('Draft a launch tweet')).steps).toHaveLength(1);
    expect((await planned('Hello')).steps).toHaveLength(1);
  });

  it('made anew keeps what is done, renames what failed and minds what was said', async () => {
    const message = 'Analyze the codebase, fix the bugs, run the tests, then deploy';
    const again = await planned(message, {
      constraint: 'only on staging',
      finished: [{ id: 'analyze', title: 'Analyze', result: 'Three bugs.' }],
      failed: [{ id: 'run_tests', title: 'Run the tests', reason: 'timed out' }],
    });
    expect(Object.keys(needsOf(again))).toEqual(['fix', 'run_tests_again', 'way_back', 'deploy']);
    expect(again.steps[0]).toMatchObject({ needs: ['analyze'] });
    expect(again.steps[0]?.instruction).toContain('only on staging');
    expect(again.steps.at(-1)?.when).toContain('steps.run_tests_again.');
    const ids = Object.keys(needsOf(await planned(message)));
    const nothingLeft = await planned(message, { finished: ids.map((id) => ({ id, title: id, result: '' })) });
    expect(nothingLeft.steps).toHaveLength(1);
  });

  it('is valid for whatever is asked', () => {
    const words = fc.constantFrom(
      ...'analyze fix the bugs, run tests then deploy and delete send; write 배포하고 테스트 광고 고친 다음 it . , <x> TBD {{a}} [your name] ... xxx'.split(
        ' ',
      ),
    );
    const request = fc.oneof(
      fc.string(),
      fc.array(words, { maxLength: 40 }).map((list) => list.join(' ')),
    );
    fc.assert(
      fc.property(request, (text) => {
        const said = readDraft(JSON.stringify(planFor(plannerRequest({ message: text }))));
        const problems = 'draft' in said ? validatePlan(said.draft, WORLD) : said.problems;
        // Only what a person wrote as a placeholder may look like one.
        expect(problems.filter(({ message }) => !message.includes('placeholder'))).toEqual([]);
      }),
    );
  });
});

describe('a model that only fills in the schema', () => {
  it('gives a plan that is refused with reasons, and breaks nothing', async () => {
    const said = readDraft(await saidTo(planSchema(TRAINED_AGENTS), 'Deploy it', echo));
    expect('problems' in said && said.problems).toEqual([
      expect.objectContaining({ field: 'steps', message: expect.stringMatching(/too small|at least 1/i) }),
    ]);
  });

  it('gives the plan it is told to', () => {
    const steps = [{ id: 'look', kind: 'agent', title: 'Look at it', agent: 'ops', instruction: 'Look at the list.' }];
    const said = readDraft(JSON.stringify(conformingTo(planSchema(TRAINED_AGENTS), { goal: 'See', steps })));
    expect(said).toMatchObject({ draft: { goal: 'See', steps: [{ id: 'look', agent: 'ops', needs: [] }] } });
    const naive = readDraft(JSON.stringify(conformingTo(planSchema(TRAINED_AGENTS), { steps: [{}] })));
    expect('draft' in naive && validatePlan(naive.draft, WORLD).map(({ field }) => field)).toEqual(
      expect.arrayContaining(['title', 'instruction']),
    );
  });
});

describe('the demo’s diagnosis', () => {
  it.each([
    ['Compare plan and spending of all teams', /^Demo diagnosis/],
    ['모든 팀의 계획과 지출을 비교한다', /^데모 진단/],
  ])('of “%s” is another try with a change, in its language', async (instruction, label) => {
    const asked = diagnosisRequest({
      title: 'Check',
      instruction,
      agent: 'finance',
      code: 'no_answer',
      sentence: 'No agent could answer.',
      calls: '',
      attempts: [],
    });
    const said = await saidTo(diagnosisSchema(TRAINED_AGENTS), asked);
    expect(toDiagnosis(said, { failed: 'finance', agents: WORLD.agents })).toEqual({
      rootCause: expect.stringMatching(label),
      action: 'retry',
      change: expect.any(String),
      agent: null,
    });
  });
});
