import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { StepOutline, StepResult } from '../../../contracts/workflow.ts';
import { failuresOf, createStepGraph, runReadySteps } from '../../../workflows/lib/step-graph.ts';
import { after, step } from '../support/plans.ts';

const DONE: StepResult = { status: 'done' };
const FAILED: StepResult = { status: 'failed', reason: 'model_refused' };
const NOT_NEEDED: StepResult = { status: 'skipped', reason: 'condition_false' };

/** Runs the steps with these results and keeps the order of what happened. */
async function runGraph(steps: readonly StepOutline[], results: Readonly<Record<string, StepResult>> = {}) {
  const graph = createStepGraph(steps);
  const log: string[] = [];
  await runReadySteps(graph, {
    run: async ({ id }) => {
      log.push(`+${id}`);
      await Promise.resolve();
      log.push(`-${id}`);
      return results[id] ?? DONE;
    },
    mayStart: () => true,
  });
  const started = log.filter((line) => line.startsWith('+')).map((line) => line.slice(1));
  return { graph, log, started, of: (id: string) => graph.results.get(id) };
}

describe('a step graph', () => {
  it('of a chain runs one step after the other', async () => {
    const { log } = await runGraph([step('a'), after('b', 'a'), after('c', 'b')]);
    expect(log).toEqual(['+a', '-a', '+b', '-b', '+c', '-c']);
  });

  it('starts all that needs nothing at once, and a join once all it needs is done', async () => {
    const { log } = await runGraph([step('a'), after('b', 'a'), after('c', 'a'), after('d', 'b', 'c')]);
    expect(log).toEqual(['+a', '-a', '+b', '+c', '-b', '-c', '+d', '-d']);
  });

  it('goes on over a step that was not needed', async () => {
    const { started, of } = await runGraph([step('a'), after('b', 'a')], { a: NOT_NEEDED });
    expect(started).toEqual(['a', 'b']);
    expect(of('b')).toEqual(DONE);
  });

  it('leaves out what needs a failed step, and all behind it', async () => {
    const { started, of, graph } = await runGraph([step('a'), after('b', 'a'), after('c', 'b'), step('d')], {
      a: FAILED,
    });
    expect(started).toEqual(['a', 'd']);
    for (const id of ['b', 'c']) expect(of(id)).toEqual({ status: 'skipped', reason: 'dependency_failed' });
    expect(failuresOf(graph).map(({ step: id, skipped }) => [id, skipped ?? false])).toEqual([
      ['a', false],
      ['b', true],
      ['c', true],
    ]);
  });

  it('runs what comes after all, whatever became of it', async () => {
    const { started } = await runGraph([step('a'), step('b', { needs: ['a'], runs: 'after_all' })], { a: FAILED });
    expect(started).toEqual(['a', 'b']);
  });

  it.each([
    [{ a: FAILED, b: FAILED }, ['a', 'b', 'c']],
    [{ a: FAILED }, ['a', 'b']],
    [{}, ['a']],
  ] as const)('of stand-ins with %j runs %j', async (results, wanted) => {
    const chain = [
      step('a'),
      step('b', { needs: ['a'], runs: 'after_failure' }),
      step('c', { needs: ['b'], runs: 'after_failure' }),
    ];
    const { started, graph } = await runGraph(chain, results);
    expect(started).toEqual(wanted);
    expect(graph.results.size).toBe(3);
  });

  it('starts nothing more once it may not, and names what never started as stopped', async () => {
    const graph = createStepGraph([step('a'), after('b', 'a')]);
    let open = true;
    await runReadySteps(graph, {
      run: () => Promise.resolve(DONE).finally(() => (open = false)),
      mayStart: () => open,
    });
    expect(failuresOf(graph)).toEqual([{ step: 'b', agent: 'engineering', reason: 'stopped', skipped: true }]);
  });

  it('that breaks lets the others end before it says so', async () => {
    const graph = createStepGraph([step('a'), step('b')]);
    const run = ({ id }: StepOutline) => (id === 'a' ? Promise.reject(new Error('broken')) : Promise.resolve(DONE));
    await expect(runReadySteps(graph, { run, mayStart: () => true })).rejects.toThrow('broken');
    expect(graph.results.get('b')).toEqual(DONE);
    expect(graph.running.size).toBe(0);
  });
});

/** Steps that need only earlier ones, in any order of the list, and how long and to what end each works. */
const graph = fc
  .array(
    fc.record({
      needs: fc.array(fc.nat(), { maxLength: 4 }),
      runs: fc.constantFrom(
        'after_success' as const,
        'after_success' as const,
        'after_all' as const,
        'after_failure' as const,
      ),
      result: fc.constantFrom(DONE, DONE, DONE, FAILED, NOT_NEEDED),
      ticks: fc.nat(6),
      place: fc.nat(),
    }),
    { minLength: 1, maxLength: 25 },
  )
  .map((drawn) =>
    drawn
      .map(({ needs, runs, result, ticks, place }, i) => ({
        place,
        result,
        ticks,
        outline: step(`s${i}`, { runs, needs: i === 0 ? [] : [...new Set(needs.map((n) => `s${n % i}`))] }),
      }))
      .sort((a, b) => a.place - b.place),
  );

describe('any graph', () => {
  it('ends, with one result for each step, none run twice, none before what it needs, and all run that can', async () => {
    await fc.assert(
      fc.asyncProperty(graph, async (drawn) => {
        const of = new Map(drawn.map((one) => [one.outline.id, one]));
        const graph = createStepGraph(drawn.map(({ outline }) => outline));
        const started = new Set<string>();
        await runReadySteps(graph, {
          mayStart: () => true,
          run: async ({ id, needs }) => {
            expect(started.has(id)).toBe(false);
            started.add(id);
            for (const need of needs) expect(graph.results.has(need)).toBe(true);
            for (let i = of.get(id)?.ticks ?? 0; i > 0; i--) await Promise.resolve();
            return of.get(id)?.result ?? DONE;
          },
        });
        expect([...graph.results.keys()].sort()).toEqual([...of.keys()].sort());
        expect(graph.running.size).toBe(0);
        for (const { outline } of drawn) expect(started.has(outline.id)).toBe(shouldRun(outline, graph.results));
      }),
      { numRuns: 500 },
    );
  });

  it('that nothing is needed of starts together', async () => {
    await fc.assert(
      fc.asyncProperty(graph, async (drawn) => {
        const free = drawn.filter(({ outline }) => outline.needs.length === 0).map(({ outline }) => outline.id);
        const { log } = await runGraph(drawn.map(({ outline }) => outline));
        expect(log.slice(0, free.length)).toEqual(free.map((id) => `+${id}`));
      }),
    );
  });
});

/** The rule again, told from the end: whether a step had to run given what became of what it needs. */
function shouldRun({ needs, runs }: StepOutline, results: ReadonlyMap<string, StepResult>): boolean {
  const reasons = needs.map((id) => {
    const result = results.get(id);
    return result?.status === 'done' ? 'done' : `${result?.status}:${result?.reason}`;
  });
  if (runs === 'after_all') return true;
  if (runs === 'after_failure') return needs.length === 0 || reasons.some((reason) => reason.startsWith('failed'));
  return reasons.every((reason) => reason === 'done' || reason === 'skipped:condition_false');
}
