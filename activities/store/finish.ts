import { randomUUID } from 'node:crypto';
import { AGENT_NAMES, errorSentence, textsFor, type ErrorCode } from '../../contracts/texts.ts';
import type { AggregatedResult, FinalStatus, JobError } from '../../contracts/orchestration.ts';
import { isFinal } from '../../contracts/orchestration.ts';
import type { Ending, OrchestrationOutcome } from '../../contracts/workflow.ts';
import type { Language } from '../../contracts/agents.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { listAgents, setAgent, type AgentRun } from '../../db/queries/agents.ts';
import { insertMessage } from '../../db/queries/messages.ts';
import { changeOrchestration, getOrchestration, type Orchestration } from '../../db/queries/orchestrations.ts';
import { listTurns, type ModelTurn } from '../../db/queries/turns.ts';
import { agentTurnKey } from '../model/index.ts';
import { splitConfidence } from '../model/prompts.ts';
import type { StoreDeps, Target } from './index.ts';
import { mergeAnswers, type AgentAnswer, type MissingAgent } from './merge.ts';

/**
 * Writes the end of an orchestration: merged answers, final status, the assistant's message and the terminal event, in
 * one transaction. Safe to repeat: a final status is final and is answered again.
 */
export function finishOrchestration(
  deps: StoreDeps,
  input: Target & { ending: Ending },
): Promise<OrchestrationOutcome> {
  return withOrganization(deps.db, input.organizationId, async (trx) => {
    const orchestration = await getOrchestration(trx, input.orchestrationId);
    if (isFinal(orchestration.status)) return { status: orchestration.status };
    const agents = await settleAgents(trx, orchestration, input.ending);
    const answers = toAnswers(agents, await listTurns(trx, orchestration.id));
    const missing = missingOf(agents, input.ending, orchestration.language);
    const result = mergeAnswers(answers, missing, Date.now() - orchestration.created_at.getTime());
    const status = statusOf(input.ending, result, orchestration.route?.mode === 'fallback');
    await write(trx, orchestration, { status, result, error: errorOf(input.ending, status, orchestration.language) });
    return { status };
  });
}

/** Agents that never ran or did not answer get their last state. */
async function settleAgents(
  trx: OrganizationTransaction,
  orchestration: Orchestration,
  ending: Ending,
): Promise<AgentRun[]> {
  const reasons = new Map((ending.failures ?? []).map(({ agent, reason }) => [agent, reason]));
  for (const run of await listAgents(trx, orchestration.id)) {
    if (run.status === 'done') continue;
    const reason = reasons.get(run.agent);
    const set = reason ? { status: 'failed' as const, reason } : { status: 'skipped' as const };
    await setAgent(
      trx,
      { orchestrationId: orchestration.id, agent: run.agent },
      { ...set, finished_at: new Date().toISOString() },
    );
  }
  return listAgents(trx, orchestration.id);
}

function toAnswers(agents: readonly AgentRun[], turns: readonly ModelTurn[]): AgentAnswer[] {
  const turnOf = new Map(turns.map((turn) => [turn.turn_key, turn]));
  return agents.flatMap((run) => {
    const turn = turnOf.get(agentTurnKey(run.agent));
    if (run.status !== 'done' || !turn) return [];
    return [{ ...splitConfidence(turn.content), agent: run.agent, relevance: run.relevance, model: turn.model }];
  });
}

function missingOf(agents: readonly AgentRun[], ending: Ending, language: Language): MissingAgent[] {
  const unanswered = agents.filter(
    ({ status }) => status === 'failed' || (status === 'skipped' && ending.kind !== 'worked'),
  );
  return unanswered.map(({ agent, reason }) => ({
    agent,
    reason: reason ? errorSentence(reason as ErrorCode, language) : textsFor(language).cancelled,
  }));
}

/** A stand-in's answer is a whole answer: with fallbacks the agents that failed are named, but nothing is missing. */
function statusOf(ending: Ending, result: AggregatedResult | undefined, withFallback: boolean): FinalStatus {
  if (ending.kind === 'cancelled') return 'cancelled';
  if (ending.kind === 'expired') return 'expired';
  if (!result) return 'failed';
  if (ending.kind === 'failed') return 'partial';
  return result.missing_agents.length > 0 && !withFallback ? 'partial' : 'completed';
}

function errorOf(ending: Ending, status: FinalStatus, language: Language): JobError | undefined {
  if (status === 'completed' || status === 'cancelled' || status === 'expired') return undefined;
  const code = ending.kind === 'failed' ? ending.code : (ending.failures?.[0]?.reason ?? 'no_answer');
  return { code, message: errorSentence(code, language) };
}

async function write(
  trx: OrganizationTransaction,
  orchestration: Orchestration,
  end: { status: FinalStatus; result: AggregatedResult | undefined; error: JobError | undefined },
): Promise<void> {
  const texts = textsFor(orchestration.language);
  const said = sayingOf(end.result) ?? end.error?.message ?? texts[end.status];
  await insertMessage(trx, {
    organization_id: orchestration.organization_id,
    id: randomUUID(),
    session_id: orchestration.session_id,
    orchestration_id: orchestration.id,
    role: 'assistant',
    content: said,
  });
  await changeOrchestration(trx, {
    organizationId: orchestration.organization_id,
    id: orchestration.id,
    set: {
      status: end.status,
      progress: end.status === 'completed' || end.status === 'partial' ? 100 : orchestration.progress,
      step: texts[end.status],
      result: end.result ? JSON.stringify(end.result) : null,
      error: end.error ? JSON.stringify(end.error) : null,
      ...(end.status === 'expired' && { approval: JSON.stringify(expired(orchestration)) }),
      finished_at: new Date().toISOString(),
    },
    event: end.status === 'completed' || end.status === 'partial' ? 'orchestration_completed' : 'orchestration_failed',
  });
}

const expired = ({ approval }: Orchestration) =>
  approval && {
    ...approval,
    decision: { verdict: 'expired', by: null, via: 'deadline', at: new Date().toISOString() },
  };

/** The answers as one text, for the session's memory. */
function sayingOf(result: AggregatedResult | undefined): string | undefined {
  if (!result) return undefined;
  const others = result.supporting_insights.map(({ agent, content }) => `## ${AGENT_NAMES[agent]}\n\n${content}`);
  return [result.primary_result, ...others].join('\n\n');
}
