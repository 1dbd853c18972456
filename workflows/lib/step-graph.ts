import type { StepFailure, StepOutline } from '../../contracts/workflow.ts';
import type { ErrorCode } from '../../contracts/texts.ts';

export type StepResult =
  { readonly status: 'done' } | { readonly status: 'failed' | 'skipped'; readonly reason: ErrorCode };

/** What is known of the steps of a run. */
export interface StepGraph {
  steps: readonly StepOutline[];
  readonly results: Map<string, StepResult>;
  /** Steps whose work is under way. */
  readonly running: Set<string>;
}

export interface StepGraphDeps {
  run(step: StepOutline): Promise<StepResult>;
  /** Nothing new starts while this says no; asked at every step boundary. */
  mayStart(): boolean;
}

export const createStepGraph = (steps: readonly StepOutline[]): StepGraph => ({
  steps,
  results: new Map(),
  running: new Set(),
});

/**
 * Walks the steps: each starts as soon as what it needs has ended as it wants, so what can run at once does. Returns
 * when nothing runs and nothing may start. A step that throws (a cancellation, a bug) ends the runReadySteps after the others.
 */
export async function runReadySteps(course: StepGraph, hands: StepGraphDeps): Promise<void> {
  const inFlight = new Map<string, Promise<void>>();
  let broken: { readonly error: unknown } | undefined;
  const start = async (step: StepOutline) => {
    try {
      course.results.set(step.id, await hands.run(step));
    } catch (error) {
      broken ??= { error };
    } finally {
      course.running.delete(step.id);
      inFlight.delete(step.id);
    }
  };
  for (;;) {
    if (!broken && hands.mayStart())
      for (const step of readySteps(course)) {
        course.running.add(step.id);
        inFlight.set(step.id, start(step));
      }
    if (inFlight.size === 0) break;
    await Promise.race(inFlight.values());
  }
  if (broken) throw broken.error;
}

/** Steps that can start now; those that never will are settled on the way. */
function readySteps(course: StepGraph): StepOutline[] {
  for (;;) {
    const open = course.steps.filter(({ id }) => !course.results.has(id) && !course.running.has(id));
    const standings = open.map((step) => ({ step, standing: standingOf(step, course.results) }));
    const hopeless = standings.flatMap(({ step, standing }) =>
      typeof standing === 'object' ? [{ step, standing }] : [],
    );
    if (hopeless.length === 0) return standings.flatMap(({ step, standing }) => (standing === 'ready' ? [step] : []));
    for (const { step, standing } of hopeless) course.results.set(step.id, standing);
  }
}

type Standing = 'ready' | 'waits' | Extract<StepResult, { reason: ErrorCode }>;

/** Left out on purpose: whoever needs the step goes on without it. */
const ON_PURPOSE: ReadonlySet<string> = new Set<ErrorCode>([
  'condition_false',
  'skipped_by_person',
  'skipped_by_healing',
]);

function standingOf(step: StepOutline, results: ReadonlyMap<string, StepResult>): Standing {
  const needed = step.needs.map((id) => results.get(id));
  if (needed.some((result) => result === undefined)) return 'waits';
  const failed = needed.some((result) => result?.status === 'failed');
  if (step.runs === 'after_all') return 'ready';
  if (step.runs === 'after_failure')
    return failed || needed.length === 0 ? 'ready' : { status: 'skipped', reason: 'condition_false' };
  const blocked = needed.some((result) => result && 'reason' in result && !ON_PURPOSE.has(result.reason));
  return blocked ? { status: 'skipped', reason: 'dependency_failed' } : 'ready';
}

/** Steps that gave no answer, and why; what never started because of a stop is named too. */
export function failuresOf({ steps, results }: StepGraph): StepFailure[] {
  return steps.flatMap(({ id, agent }) => {
    const result = results.get(id) ?? { status: 'skipped' as const, reason: 'stopped' as const };
    if (result.status === 'done') return [];
    return [{ step: id, agent, reason: result.reason, ...(result.status === 'skipped' && { skipped: true }) }];
  });
}

export const doneSteps = ({ steps, results }: StepGraph): number =>
  steps.filter(({ id }) => results.get(id)?.status === 'done').length;
