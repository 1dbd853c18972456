import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { circleIn, phasesOf } from '../../../domain/planning/graph.ts';
import { validatePlan, type PlanWorld } from '../../../domain/planning/validate.ts';
import { TRAINED_AGENTS } from '../../../contracts/agents.ts';
import { PLAN_LIMITS, type PlanStep } from '../../../contracts/plan.ts';
import { sampleChain, samplePlan, sampleStep } from './samples.ts';

const WORLD: PlanWorld = { agents: new Set(TRAINED_AGENTS), tools: new Set(['github__open_issue']) };
const problems = (steps: PlanStep[], world: PlanWorld = WORLD) => validatePlan(samplePlan(...steps), world);
const fieldsOf = (steps: PlanStep[], world?: PlanWorld) =>
  problems(steps, world).map(({ step, field }) => `${step}.${field}`);

describe('a valid plan', () => {
  it('may branch, join, ask and use tools', () => {
    expect(
      problems([
        sampleStep('analyze'),
        sampleStep('test', { title: 'Run the tests' }),
        sampleStep('fix', { needs: ['analyze'], when: 'steps.analyze.data.bugs > 0', risk: 'write' }),
        sampleStep('sum_up', { kind: 'task', agent: null, category: 'quick', needs: ['fix', 'test'] }),
        sampleStep('file', { kind: 'tool', agent: null, tool: 'github__open_issue', needs: ['fix'] }),
        sampleStep('ask', { kind: 'approval', agent: null, needs: ['sum_up'] }),
        sampleStep('deploy', { needs: ['ask'], risk: 'production', when: 'steps.test.status == "done"' }),
      ]),
    ).toEqual([]);
  });

  it('may need what an earlier revision has done, and ask about it', () => {
    const steps = [sampleStep('fix', { needs: ['analyze'], when: 'steps.analyze.status == "done"' })];
    expect(problems(steps, { ...WORLD, finished: new Set(['analyze']) })).toEqual([]);
    expect(fieldsOf(steps)).toEqual(['fix.needs']);
  });
});

describe('a plan is refused', () => {
  it.each<[string, PlanStep[], string]>([
    ['an id twice', [sampleStep('a'), sampleStep('a')], 'a.id'],
    ['an agent step without an agent', [sampleStep('a', { agent: null })], 'a.agent'],
    ['a task without a category', [sampleStep('a', { kind: 'task', agent: null })], 'a.category'],
    ['a task with an agent', [sampleStep('a', { kind: 'task', category: 'quick' })], 'a.agent'],
    ['an unknown tool', [sampleStep('a', { kind: 'tool', agent: null, tool: 'rm' })], 'a.tool'],
    ['no tool', [sampleStep('a', { kind: 'tool', agent: null })], 'a.tool'],
    ['an approval for nothing', [sampleStep('a', { kind: 'approval', agent: null })], 'a.needs'],
    ['a need of itself', [sampleStep('a', { needs: ['a'] })], 'a.needs'],
    ['a need that is nowhere', [sampleStep('a', { needs: ['b'] })], 'a.needs'],
    [
      'a condition on what it does not need',
      [sampleStep('a'), sampleStep('b', { when: 'steps.a.status == "done"' })],
      'b.when',
    ],
    ['a condition that is prose', [sampleStep('a'), sampleStep('b', { needs: ['a'], when: 'if a is fine' })], 'b.when'],
    ['an instruction too short to work from', [sampleStep('a', { instruction: 'Do it.' })], 'a.instruction'],
    ['a title that is the id', [sampleStep('demo', { title: 'demo' })], 'demo.title'],
  ])('for %s', (_, steps, field) => {
    expect(fieldsOf(steps)).toEqual([field]);
  });

  it('for an agent that this installation does not have', () => {
    expect(problems([sampleStep('a', { agent: 'finance' })], { ...WORLD, agents: new Set(['ops']) })).toEqual([
      { step: 'a', field: 'agent', message: 'There is no agent “finance”; there are ops.' },
    ]);
  });

  it('for a circle, which it names', () => {
    const steps = [
      sampleStep('start'),
      sampleStep('a', { needs: ['c', 'start'] }),
      sampleStep('b', { needs: ['a'] }),
      sampleStep('c', { needs: ['b'] }),
      sampleStep('after', { needs: ['c'] }),
    ];
    expect(problems(steps)).toEqual([
      { step: null, field: 'needs', message: 'Steps wait for each other in a circle: a → c → b → a.' },
    ]);
  });

  it('for its size and its depth', () => {
    const many = Array.from({ length: PLAN_LIMITS.steps + 1 }, (_, i) => sampleStep(`s${i}`));
    expect(fieldsOf(many)).toEqual(['null.steps']);
    const deep = sampleChain(...Array.from({ length: PLAN_LIMITS.depth + 1 }, (_, i) => `s${i}`));
    expect(fieldsOf(deep)).toEqual(['null.needs']);
  });

  it('for planning again what is done', () => {
    expect(fieldsOf([sampleStep('a')], { ...WORLD, finished: new Set(['a']) })).toEqual(['a.id']);
  });

  it('with all its mistakes at once, always in the same order', () => {
    const steps = [
      sampleStep('a', { title: 'TBD', needs: ['x'] }),
      sampleStep('a', { agent: null, instruction: '...' }),
    ];
    expect(fieldsOf(steps)).toEqual(['a.title', 'a.needs', 'a.id', 'a.instruction', 'a.agent']);
  });
});

describe('phases', () => {
  it('count the longest chain before a step', () => {
    const steps = [...sampleChain('a', 'b', 'c'), sampleStep('d', { needs: ['a', 'c', 'gone'] }), sampleStep('e')];
    expect(Object.fromEntries(phasesOf(steps, new Set(['gone'])))).toEqual({ a: 1, b: 2, c: 3, d: 4, e: 1 });
  });

  it('put every step after all it needs, and find a circle exactly where there is one', () => {
    const graph = fc.integer({ min: 1, max: 12 }).chain((count) =>
      fc.array(fc.tuple(fc.nat(count - 1), fc.nat(count - 1)), { maxLength: 24 }).map((pairs) => {
        const needsOf = (at: number) => pairs.filter(([from]) => from === at).map(([, to]) => `s${to}`);
        return Array.from({ length: count }, (_, i) => sampleStep(`s${i}`, { needs: needsOf(i) }));
      }),
    );
    fc.assert(
      fc.property(graph, (steps) => {
        const phases = phasesOf(steps);
        const circle = circleIn(steps);
        expect(circle === undefined).toBe(phases.size === steps.length);
        for (const { id, needs } of steps)
          if (phases.has(id)) for (const need of needs) expect(phases.get(need)).toBeLessThan(phases.get(id) ?? 0);
        circle?.slice(1).forEach((need, i) => expect(steps.find(({ id }) => id === circle[i])?.needs).toContain(need));
      }),
    );
  });
});
