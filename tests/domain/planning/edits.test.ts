import { describe, expect, it } from '@jest/globals';
import { applyEdits } from '../../../domain/planning/edit-plan.ts';
import { validatePlan } from '../../../domain/planning/validate.ts';
import { TRAINED_AGENTS } from '../../../contracts/agents.ts';
import type { PlanEdits } from '../../../contracts/plan.ts';
import { samplePlan, sampleStep } from './samples.ts';

const PLAN = samplePlan(
  sampleStep('analyze'),
  sampleStep('fix', { needs: ['analyze'], when: 'steps.analyze.data.bugs > 0' }),
  sampleStep('test', { needs: ['fix'] }),
  sampleStep('ask', { kind: 'approval', agent: null, needs: ['test'] }),
  sampleStep('deploy', { needs: ['ask'], risk: 'production' }),
);
const edited = (edits: PlanEdits) => applyEdits(PLAN, edits);
const stepAfter = (id: string, edits: PlanEdits) => {
  const given = edited(edits);
  return 'draft' in given ? given.draft.steps.find((step) => step.id === id) : given;
};
const WORLD = { agents: new Set<string>(TRAINED_AGENTS), tools: new Set<string>() };

describe('edits of a plan', () => {
  it('change only what they name', () => {
    expect(edited({})).toEqual({ draft: PLAN });
    expect(edited({ goal: 'Less', steps: [{ id: 'test', title: 'Run the smoke tests' }] })).toEqual({
      draft: {
        goal: 'Less',
        steps: PLAN.steps.map((step) => (step.id === 'test' ? { ...step, title: 'Run the smoke tests' } : step)),
      },
    });
    expect(PLAN.goal).toBe('Ship a healthy release');
  });

  it('give a step to another agent, or to whoever fits', () => {
    expect(stepAfter('test', { steps: [{ id: 'test', agent: 'ops' }] })).toMatchObject({ kind: 'agent', agent: 'ops' });
    expect(stepAfter('test', { steps: [{ id: 'test', category: 'quick' }] })).toMatchObject({
      kind: 'task',
      agent: null,
      category: 'quick',
    });
  });

  it('may take a condition away', () => {
    expect(stepAfter('fix', { steps: [{ id: 'fix', when: null }] })).toMatchObject({ when: null });
  });

  it('that remove steps let the others wait for what those waited for', () => {
    const given = edited({
      steps: [
        { id: 'fix', remove: true },
        { id: 'test', remove: true },
      ],
    });
    expect(given).toEqual({
      draft: samplePlan(
        sampleStep('analyze'),
        sampleStep('ask', { kind: 'approval', agent: null, needs: ['analyze'] }),
        sampleStep('deploy', { needs: ['ask'], risk: 'production' }),
      ),
    });
    expect('draft' in given && validatePlan(given.draft, WORLD)).toEqual([]);
  });

  it('that remove what a condition asks about have to change the condition too', () => {
    expect(edited({ steps: [{ id: 'analyze', remove: true }] })).toEqual({
      problems: [{ step: 'fix', field: 'when', message: expect.stringContaining('“analyze”, which is removed') }],
    });
    const steps = [
      { id: 'analyze', remove: true as const },
      { id: 'fix', when: null },
    ];
    expect(edited({ steps })).toHaveProperty('draft');
  });

  it.each<[string, PlanEdits, string]>([
    ['a step that is not there', { steps: [{ id: 'sleep', title: 'Sleep' }] }, 'no step “sleep”'],
    [
      'a step twice',
      {
        steps: [
          { id: 'fix', title: 'A' },
          { id: 'fix', title: 'B' },
        ],
      },
      'changed twice',
    ],
    ['the agent of an approval', { steps: [{ id: 'ask', agent: 'ops' }] }, 'kind approval has no agent'],
    ['agent and category at once', { steps: [{ id: 'fix', agent: 'ops', category: 'quick' }] }, 'not both'],
    ['everything away', { steps: PLAN.steps.map(({ id }) => ({ id, remove: true as const })) }, 'nothing is left'],
  ])('that change %s are refused with a reason', (_, edits, reason) => {
    expect(edited(edits)).toEqual({
      problems: [expect.objectContaining({ message: expect.stringContaining(reason) })],
    });
  });

  it('that make a circle are left to the validation, which finds it', () => {
    const given = edited({ steps: [{ id: 'analyze', needs: ['deploy'] }] });
    expect('draft' in given && validatePlan(given.draft, WORLD).map(({ message }) => message)).toEqual([
      'Steps wait for each other in a circle: analyze → deploy → ask → test → fix → analyze.',
    ]);
  });
});
