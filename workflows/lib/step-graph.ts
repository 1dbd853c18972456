import type { ErrorCode } from '../../contracts/texts.ts';
import type { RoutedWork, StepFailure, StepOutline, StepResult } from '../../contracts/workflow.ts';

/** The steps of a job, what they need and how they have ended. */
export interface StepGraph {
  steps: readonly StepOutline[];
  readonly results: Map<string, StepResult>;
  readonly running: Set<string>;
}

interface StepGraphDeps {
  run(step: StepOutline): Promise<StepResult>;
  /** Nothing new starts while this says no; asked at every step boundary. */
  mayStart(): boolean;
  /** Resolves when `mayStart` says yes again, for steps that were held back; without it the next boundary is waited for. */
  untilMayStart?(): Promise<void>;
}

export const createStepGraph = (
  steps: readonly StepOutline[],
  results: Iterable<readonly [step: string, result: StepResult]> = [],
): StepGraph => ({ steps, results: new Map(results), running: new Set() });

/** The routed agents as steps: at once, one after the other whatever becomes of the one before, or as stand-ins. */
export function stepsWithoutPlan({ agents, mode }: Pick<RoutedWork, 'agents' | 'mode'>): StepOutline[] {
  const runs = { parallel: 'after_success', sequential: 'after_all', fallback: 'after_failure' } as const;
  return agents.map(({ agent }, index) => {
    const before = mode === 'parallel' ? undefined : agents[index - 1];
    return {
      id: agent,
      kind: 'agent' as const,
      agent,
      needs: before ? [before.agent] : [],
      runs: runs[mode],
      conditional: false,
    };
  });
}

export const failed = (reason: ErrorCode): StepResult => ({ status: 'failed', reason });
export const skipped = (reason: ErrorCode): StepResult => ({ status: 'skipped', reason });

/**
 * Runs the steps: each starts as soon as what it needs has ended as it wants, so what can run at once does. Returns
 * when nothing runs and nothing may start. A step that throws (a cancellation, a bug) ends it after the others.
 */
export async function runReadySteps(graph: StepGraph, deps: StepGraphDeps): Promise<void> {
  const inFlight = new Map<string, Promise<void>>();
  let thrown: { readonly error: unknown } | undefined;
  const start = async (step: StepOutline) => {
    try {
      graph.results.set(step.id, await deps.run(step));
    } catch (error) {
      thrown ??= { error };
    } finally {
      graph.running.delete(step.id);
      inFlight.delete(step.id);
    }
  };
  for (;;) {
    const isHeld = !deps.mayStart();
    if (!thrown && !isHeld)
      for (const step of readySteps(graph)) {
        graph.running.add(step.id);
        inFlight.set(step.id, start(step));
      }
    if (inFlight.size === 0) break;
    await Promise.race([...inFlight.values(), ...(isHeld && deps.untilMayStart ? [deps.untilMayStart()] : [])]);
  }
  if (thrown) throw thrown.error;
}

/** Steps that can start now; those that never will are settled on the way. */
function readySteps(graph: StepGraph): StepOutline[] {
  for (;;) {
    const open = graph.steps.filter(({ id }) => !graph.results.has(id) && !graph.running.has(id));
    const judged = open.map((step) => ({ step, readiness: readinessOf(step, graph.results) }));
    const unreachable = judged.flatMap(({ step, readiness }) =>
      typeof readiness === 'object' ? [{ step, readiness }] : [],
    );
    if (unreachable.length === 0) return judged.flatMap(({ step, readiness }) => (readiness === 'ready' ? [step] : []));
    for (const { step, readiness } of unreachable) graph.results.set(step.id, readiness);
  }
}

type Readiness = 'ready' | 'waiting' | StepResult;

/** Left out on purpose: whoever needs the step goes on without it. */
const ON_PURPOSE: ReadonlySet<string> = new Set<ErrorCode>([
  'condition_false',
  'skipped_by_person',
  'skipped_by_healing',
]);

function readinessOf(step: StepOutline, results: ReadonlyMap<string, StepResult>): Readiness {
  const needed = step.needs.map((id) => results.get(id));
  if (needed.some((result) => result === undefined)) return 'waiting';
  if (step.runs === 'after_all') return 'ready';
  const hasFailed = needed.some((result) => result?.status === 'failed');
  if (step.runs === 'after_failure') return hasFailed || needed.length === 0 ? 'ready' : skipped('condition_false');
  const isBlocked = needed.some((result) => result && 'reason' in result && !ON_PURPOSE.has(result.reason));
  return isBlocked ? skipped('dependency_failed') : 'ready';
}

/** Steps that gave no answer, and why; what never started because of a stop is named too. */
export function failuresOf({ steps, results }: StepGraph): StepFailure[] {
  return steps.flatMap(({ id, agent }) => {
    const result = results.get(id) ?? skipped('stopped');
    if (result.status === 'done') return [];
    return [{ step: id, agent, reason: result.reason, ...(result.status === 'skipped' && { skipped: true }) }];
  });
}

export const countDoneSteps = ({ steps, results }: StepGraph): number =>
  steps.filter(({ id }) => results.get(id)?.status === 'done').length;

export const hasOpenSteps = ({ steps, results }: StepGraph): boolean => steps.some(({ id }) => !results.has(id));

/** What was never done, and what the new plan names again, makes room for it. */
export function replaceUnfinished(graph: StepGraph, next: readonly StepOutline[]): void {
  const again = new Set(next.map(({ id }) => id));
  const kept = graph.steps.filter(({ id }) => {
    const result = graph.results.get(id);
    const isUndone = result && 'reason' in result && ['dependency_failed', 'stopped'].includes(result.reason);
    return result && !isUndone && !again.has(id);
  });
  const dropped = graph.steps.filter((step) => !kept.includes(step));
  dropped.forEach(({ id }) => graph.results.delete(id));
  graph.steps = [...kept, ...next];
}

/** Steps were left out because others failed: there is something left to do, but not on this way. */
export const isBlocked = ({ steps, results }: StepGraph): boolean =>
  steps.some(({ id }) => {
    const result = results.get(id);
    return result?.status === 'skipped' && result.reason === 'dependency_failed';
  });
