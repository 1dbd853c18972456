import { condition, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { RunMode } from '../../../contracts/orchestration.ts';
import { failuresOf, createStepGraph, runReadySteps, stepsWithoutPlan } from '../../../workflows/lib/step-graph.ts';
import type { BareActivities } from './activities.ts';
import type { BareInput, BarePlan } from './shape.ts';

const slow = proxyActivities<BareActivities>({ startToCloseTimeout: '10 minutes', heartbeatTimeout: '10 seconds' });
const quick = proxyLocalActivities<BareActivities>({ startToCloseTimeout: '10 seconds' });

/** The shape of an orchestration, step for step, without anything in the steps: what the engine alone costs. */
export async function bareWorkflow({ analyze, agents, reporting }: BareInput): Promise<{ status: string }> {
  const reporter = startReporter(reporting);
  if (analyze) await slow.analyze();
  await quick.route();
  reporter.changed();
  await Promise.all(Array.from({ length: agents }, () => slow.answer().finally(reporter.changed)));
  await quick.finish();
  await reporter.flush();
  return { status: 'completed' };
}

/** The shape of a planned request: understand, route, plan, adopt, its steps, finish. */
export async function barePlanWorkflow({ steps, atOnce }: BarePlan): Promise<{ status: string }> {
  await slow.analyze();
  await quick.route();
  await slow.plan();
  await quick.adopt();
  if (atOnce) await Promise.all(Array.from({ length: steps }, () => slow.answer()));
  else for (let nth = 0; nth < steps; nth++) await slow.answer();
  await quick.finish();
  return { status: 'completed' };
}

/** As `workflows/lib/reporter.ts`. */
function startReporter(wanted: boolean) {
  let dirty = wanted;
  let ended = false;
  const writer = (async () => {
    while (wanted) {
      await condition(() => dirty);
      dirty = false;
      await slow.report();
      if (ended && !dirty) return;
    }
  })();
  return {
    changed: () => void (dirty = true),
    flush: () => {
      dirty = true;
      ended = true;
      return writer;
    },
  };
}

/** The product's own executor of steps, with more of them than a request may name. */
export async function manyAgentsWorkflow(input: { agents: number; mode: RunMode }): Promise<void> {
  const chosen = Array.from({ length: input.agents }, (_, nth) => ({ agent: `agent-${nth}`, relevance: 1 }));
  const graph = createStepGraph(stepsWithoutPlan({ agents: chosen, mode: input.mode }));
  await runReadySteps(graph, {
    mayStart: () => true,
    run: async () => {
      await slow.runAgent();
      return { status: 'done' };
    },
  });
  const failures = failuresOf(graph);
  if (failures.length > 0) throw new Error(`${failures.length} agents failed.`);
}
