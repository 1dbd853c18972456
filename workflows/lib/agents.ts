import { isCancellation } from '@temporalio/workflow';
import { AGENT_NAMES } from '../../contracts/texts.ts';
import type { AgentId } from '../../contracts/agents.ts';
import type { StepFailure, RoutedWork } from '../../contracts/workflow.ts';
import { model } from '../proxies.ts';
import { errorCodeOf } from './failures.ts';

interface Run {
  readonly organizationId: string;
  readonly orchestrationId: string;
  readonly work: RoutedWork;
  readonly changed: () => void;
}

/**
 * Lets the routed agents work and answers who gave no answer: at once, one after the other with the earlier answers,
 * or the next one only when the one before it failed. One agent's failure never loses the answer of another.
 */
export function runAgents(run: Run): Promise<StepFailure[]> {
  const agents = run.work.agents.map(({ agent }) => agent);
  if (run.work.mode === 'parallel') return atOnce(run, agents);
  return run.work.mode === 'sequential' ? oneByOne(run, agents) : untilOneAnswers(run, agents);
}

async function atOnce(run: Run, agents: AgentId[]): Promise<StepFailure[]> {
  const settled = await Promise.allSettled(agents.map((agent) => runOne(run, agent, false)));
  return settled.flatMap((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value ?? [];
  });
}

async function oneByOne(run: Run, agents: AgentId[]): Promise<StepFailure[]> {
  const failures: StepFailure[] = [];
  for (const agent of agents) {
    const failure = await runOne(run, agent, true);
    if (failure) failures.push(failure);
  }
  return failures;
}

async function untilOneAnswers(run: Run, agents: AgentId[]): Promise<StepFailure[]> {
  const failures: StepFailure[] = [];
  for (const agent of agents) {
    const failure = await runOne(run, agent, false);
    if (!failure) break;
    failures.push(failure);
  }
  return failures;
}

async function runOne(run: Run, agent: AgentId, withEarlierAnswers: boolean): Promise<StepFailure | undefined> {
  const { organizationId, orchestrationId, work } = run;
  try {
    await model.runAgent.executeWithOptions(
      { summary: `${AGENT_NAMES[agent]} answers`, scheduleToCloseTimeout: work.maxExecutionMs },
      [{ organizationId, orchestrationId, agent, withEarlierAnswers }],
    );
    return undefined;
  } catch (error) {
    if (isCancellation(error)) throw error;
    return { agent, reason: errorCodeOf(error) };
  } finally {
    run.changed();
  }
}
