import { condition, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { AgentId } from '../../../contracts/agents.ts';
import type { RunMode } from '../../../contracts/orchestration.ts';
import { runAgents } from '../../../workflows/lib/agents.ts';
import type { Hands } from './hands.ts';
import type { BareInput } from './shape.ts';

const slow = proxyActivities<Hands>({ startToCloseTimeout: '10 minutes', heartbeatTimeout: '10 seconds' });
const quick = proxyLocalActivities<Hands>({ startToCloseTimeout: '10 seconds' });

/** The shape of an orchestration, step for step, without anything in the steps: what the engine alone costs. */
export async function bareWorkflow({ agents, reporting }: BareInput): Promise<{ status: string }> {
  const reporter = startReporter(reporting);
  await slow.analyze();
  await quick.route();
  reporter.changed();
  await Promise.all(Array.from({ length: agents }, () => slow.answer().finally(reporter.changed)));
  await quick.finish();
  await reporter.landed();
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
    landed: () => {
      dirty = true;
      ended = true;
      return writer;
    },
  };
}

/** The product's own way to let agents work, with more of them than a request may name. */
export async function manyAgentsWorkflow({ agents, mode }: { agents: number; mode: RunMode }): Promise<void> {
  const agent: AgentId = 'general';
  const chosen = Array.from({ length: agents }, () => ({ agent, relevance: 1 }));
  const failures = await runAgents({
    organizationId: 'bench',
    orchestrationId: 'bench',
    work: { agents: chosen, mode, category: 'quick', maxExecutionMs: 3_600_000 },
    changed: () => undefined,
  });
  if (failures.length > 0) throw new Error(`${failures.length} agents failed.`);
}
