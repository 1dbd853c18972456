import { randomUUID } from 'node:crypto';
import { AGENT_NAMES, errorSentence, textsFor } from '../../contracts/texts.ts';
import type { AggregatedResult, FinalStatus, JobError } from '../../contracts/orchestration.ts';
import { isFinal } from '../../contracts/orchestration.ts';
import type { Ending, OrchestrationOutcome } from '../../contracts/workflow.ts';
import type { Language } from '../../contracts/agents.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { insertMessage } from '../../db/queries/messages.ts';
import { changeOrchestration, getOrchestration, type Orchestration } from '../../db/queries/orchestrations.ts';
import { listTurns } from '../../db/queries/turns.ts';
import type { StoreDeps, Target } from './index.ts';
import { mergeAnswers } from './merge.ts';
import { missingOf, settleSteps, toAnswers } from './settle-steps.ts';

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
    const steps = await settleSteps(trx, orchestration.id, input.ending);
    const answers = toAnswers(steps, await listTurns(trx, orchestration.id));
    const missing = missingOf(steps, input.ending, orchestration.language);
    const result = mergeAnswers(answers, missing, Date.now() - orchestration.created_at.getTime());
    const status = statusOf(input.ending, result, orchestration.route?.mode === 'fallback');
    await write(trx, orchestration, { status, result, error: errorOf(input.ending, status, orchestration.language) });
    return { status };
  });
}

/** A stand-in's answer is a whole answer: with fallbacks the agents that failed are named, but nothing is missing. */
function statusOf(ending: Ending, result: AggregatedResult | undefined, withFallback: boolean): FinalStatus {
  if (ending.kind === 'cancelled') return 'cancelled';
  if (ending.kind === 'expired') return 'expired';
  if (ending.kind === 'stopped') return result ? 'partial' : 'cancelled';
  if (!result) return 'failed';
  if (ending.kind === 'failed') return 'partial';
  return (result.coverage?.missing.length ?? 0) > 0 && !withFallback ? 'partial' : 'completed';
}

function errorOf(ending: Ending, status: FinalStatus, language: Language): JobError | undefined {
  if (status === 'completed' || status === 'cancelled' || status === 'expired') return undefined;
  const failed = ending.failures?.find(({ skipped }) => !skipped) ?? ending.failures?.[0];
  const code = ending.kind === 'failed' ? ending.code : (failed?.reason ?? 'no_answer');
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
