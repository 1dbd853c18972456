import { describe, expect, it } from '@jest/globals';
import { TRAINED_AGENTS } from '../../../contracts/agents.ts';
import fc from 'fast-check';
import { planSchema, toPlanDraft } from '../../../domain/planning/schema.ts';
import { PLAN_LIMITS, PlanDraft } from '../../../contracts/plan.ts';
import { checkOutputSchema } from '../../../dev/fakes/model/output-schema.ts';
import { samplePlan, sampleStep } from './samples.ts';

const readDraft = (text: string) => toPlanDraft(text, TRAINED_AGENTS);

const PLAN = samplePlan(
  sampleStep('analyze'),
  sampleStep('fix', { needs: ['analyze'], when: 'steps.analyze.confidence > 0.5', risk: 'write' }),
);
const read = (value: unknown) => readDraft(JSON.stringify(value));
const draftOf = (value: unknown): PlanDraft => {
  const said = read(value);
  if (!('draft' in said)) throw new Error(JSON.stringify(said.problems));
  return said.draft;
};
const withStep = (changes: Record<string, unknown>) => ({ goal: 'Go', steps: [{ ...PLAN.steps[0], ...changes }] });

describe('a planner’s words', () => {
  it('are read as the draft they are', () => {
    expect(read(PLAN)).toEqual({ draft: PLAN });
  });

  it('are found inside a fence and between words', () => {
    expect(readDraft(`Here it is:\n\`\`\`json\n${JSON.stringify(PLAN)}\n\`\`\`\nDone.`)).toEqual({ draft: PLAN });
  });

  it('may leave out what a step can do without', () => {
    const { id, kind, title, instruction, agent } = sampleStep('look');
    expect(draftOf({ goal: 'Go', steps: [{ id, kind, title, instruction, agent }] }).steps).toEqual([
      sampleStep('look'),
    ]);
    expect(draftOf(withStep({ tool: '', when: '', needs: null, risk: null })).steps[0]).toMatchObject({
      tool: null,
      when: null,
      needs: [],
      risk: 'read',
    });
  });

  it('name steps as conditions can, and alike in needs and conditions', () => {
    const { steps } = draftOf({
      goal: 'Go',
      steps: [
        { ...PLAN.steps[0], id: 'Step-1' },
        { ...PLAN.steps[0], id: 2 },
        { ...PLAN.steps[0], id: '분석' },
        {
          ...PLAN.steps[0],
          id: 'Step-10',
          needs: ['Step-1', '2', '분석', 'step_1'],
          when: 'steps.Step-1.status == "done" && steps["2"].confidence > 0.5 && steps.Step-10.text == ""',
        },
      ],
    });
    expect(steps.map(({ id }) => id)).toEqual(['step_1', 's_2', 'step_3', 'step_10']);
    expect(steps[3]).toMatchObject({
      needs: ['step_1', 's_2', 'step_3'],
      when: 'steps.step_1.status == "done" && steps.s_2.confidence > 0.5 && steps.step_10.text == ""',
    });
  });

  it('never makes one step of two: names that are one as an id are refused', () => {
    const steps = [
      { ...PLAN.steps[0], id: 'Step 1' },
      { ...PLAN.steps[0], id: 'step-1' },
    ];
    expect(read({ ...PLAN, steps })).toMatchObject({
      problems: [{ step: 'step-1', field: 'id', message: expect.stringContaining('“Step 1” and “step-1”') }],
    });
  });

  it('are cut where they are only shown, and kept where they are work', () => {
    const { goal, steps } = draftOf({ ...withStep({ title: 't'.repeat(300) }), goal: 'g'.repeat(2_000) });
    expect(goal).toHaveLength(PLAN_LIMITS.goalChars);
    expect(steps[0]?.title).toHaveLength(PLAN_LIMITS.titleChars);
    expect(read(withStep({ instruction: 'i'.repeat(PLAN_LIMITS.instructionChars + 1) }))).toMatchObject({
      problems: [{ step: 'analyze', field: 'instruction' }],
    });
  });

  it('hold nothing that Postgres cannot keep', () => {
    expect(draftOf(withStep({ title: 'a\u0000b\ud800' })).steps[0]?.title).toBe('ab\ufffd');
  });

  it('are answered with every mistake at once, each with its step and field', () => {
    const said = read({
      goal: '',
      steps: [
        { ...PLAN.steps[0], agent: 'ceo' },
        { ...PLAN.steps[1], kind: 'magic', risk: 'huge' },
      ],
    });
    expect(said).toEqual({
      problems: [
        expect.objectContaining({ step: null, field: 'goal' }),
        { step: 'analyze', field: 'agent', message: expect.stringContaining('must be one of brand, marketing') },
        { step: 'fix', field: 'kind', message: 'kind: must be one of agent, task, tool, approval.' },
        { step: 'fix', field: 'risk', message: 'risk: must be one of read, write, production.' },
      ],
    });
  });

  it.each([
    ['no JSON', 'First I would analyze.'],
    ['half a JSON', '{"goal": "Go", "steps": ['],
    ['a list', '[]'],
    ['nothing', ''],
    ['no steps', '{"goal": "Go"}'],
    ['an empty list of steps', '{"goal": "Go", "steps": []}'],
    ['steps that are none', '{"goal": "Go", "steps": [1, null, "two"]}'],
  ])('that are %s are refused with a reason', (_, text) => {
    const said = readDraft(text);
    expect('problems' in said && said.problems.length).toBeGreaterThanOrEqual(1);
  });

  it('never break the reader, whatever they are', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc.jsonValue().map((steps) => JSON.stringify({ goal: 'g', steps })),
        ),
        (text) => {
          const said = readDraft(text);
          expect('draft' in said ? PlanDraft.safeParse(said.draft).success : said.problems.length > 0).toBe(true);
        },
      ),
    );
  });

  it('keep their shape under any spelling of the ids', () => {
    const ids = fc.uniqueArray(fc.stringMatching(/^[A-Za-z][A-Za-z0-9 .-]{0,20}$/), {
      minLength: 2,
      maxLength: 6,
      // What becomes one id is refused, which is another promise.
      selector: (id) => id.toLowerCase().replaceAll(/[^a-z0-9]/g, ''),
    });
    fc.assert(
      fc.property(ids, (spellings) => {
        const { steps } = draftOf({
          goal: 'Go',
          steps: spellings.map((id, i) => ({ ...PLAN.steps[0], id, needs: spellings.slice(Math.max(0, i - 1), i) })),
        });
        steps.forEach(({ needs }, i) => expect(needs).toEqual(steps.slice(Math.max(0, i - 1), i).map(({ id }) => id)));
      }),
    );
  });
});

describe('the schema for the planner', () => {
  it('is what structured output accepts, every property required', () => {
    expect(() =>
      checkOutputSchema({ format: { type: 'json_schema', schema: planSchema(TRAINED_AGENTS) } }),
    ).not.toThrow();
    const walk = (node: unknown): void => {
      if (typeof node !== 'object' || node === null) return;
      const { type, properties, required } = node as Record<string, unknown>;
      if (type === 'object') expect(required).toEqual(Object.keys(properties as object));
      for (const name of ['$schema', '$ref', 'default', 'maxLength', 'minItems']) expect(node).not.toHaveProperty(name);
      Object.values(node).forEach(walk);
    };
    walk(planSchema(TRAINED_AGENTS));
  });
});
