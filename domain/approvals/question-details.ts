import type { Language } from '../../contracts/agents.ts';
import type { Approval } from '../../contracts/approval.ts';
import { ERROR_TEXT, errorSentence, textsFor, type ErrorCode, type Texts } from '../../contracts/texts.ts';
import type { AskedCall } from '../../contracts/tools.ts';
import type { QuestionInput } from '../../contracts/workflow.ts';
import type { OrganizationTransaction } from '../../db/organization.ts';
import { findConnection } from '../../db/queries/connections.ts';
import { findEffect } from '../../db/queries/effects.ts';
import type { Orchestration } from '../../db/queries/orchestrations.ts';
import type { Step } from '../../db/queries/steps.ts';
import { listCallsById, type ToolCall } from '../../db/queries/tool-calls.ts';
import { stepName } from '../../contracts/phases.ts';

/** What a question about calls shows of them. */
interface CallDetails {
  readonly calls?: AskedCall[];
  readonly reconnect?: NonNullable<Approval['plan']['reconnect']>;
  readonly evidence: readonly string[];
}

/** The calls as they stand in the rows that will be run: what is shown is what is done. */
export async function loadCallDetails(
  deps: { readonly publicUrl: string },
  trx: OrganizationTransaction,
  { id, language }: Orchestration,
  { kind, calls = [] }: Pick<QuestionInput, 'kind' | 'calls'>,
): Promise<CallDetails> {
  if (calls.length === 0) return { evidence: [] };
  const rows = await listCallsById(trx, id, calls);
  const connections = new Map<string, string>();
  for (const connectionId of new Set(rows.flatMap((row) => row.connection_id ?? [])))
    connections.set(connectionId, (await findConnection(trx, connectionId))?.name ?? '');
  const nameOf = (row: ToolCall) => connections.get(row.connection_id ?? '') || (row.tool.split('__')[0] ?? '');
  const [first] = rows;
  const asked = rows.map((row) => ({
    id: row.id,
    tool: row.tool,
    connection: nameOf(row),
    risk: row.risk,
    arguments: row.arguments,
    reasons: row.reasons,
  }));
  if (kind === 'reconnect' && first?.connection_id) {
    const connection = nameOf(first);
    const url = `${deps.publicUrl}/connections/${first.connection_id}`;
    const reconnect = { connectionId: first.connection_id, connection, url };
    return { reconnect, evidence: [textsFor(language).tools.reconnectAsk(connection)] };
  }
  if (kind !== 'effect') return { calls: asked, evidence: [] };
  const effect = first?.effect_key ? await findEffect(trx, first.effect_key) : undefined;
  return { calls: asked, evidence: effect?.detail ? [effect.detail] : [] };
}

const isErrorCode = (code: string): code is ErrorCode => code in ERROR_TEXT;

/** What happened, for people: which step, and why it cannot continue by itself. Pure. */
export function describeEvidence(
  { kind, step: id, evidence = [] }: Pick<QuestionInput, 'kind' | 'step' | 'evidence'>,
  steps: readonly Step[],
  texts: Texts,
  language: Language,
): string[] {
  const step = steps.find((one) => one.id === id);
  // A question about calls shows the calls themselves; without a plan the step is no more than the agent's name.
  const isNamed = step && kind !== 'tool' && (step.revision > 0 || (kind !== 'effect' && kind !== 'reconnect'));
  const words = evidence.map((code) => {
    if (code === 'same_call' || code === 'ping_pong') return texts.circles[code];
    return code === 'plan_refused' ? texts.planRefused : isErrorCode(code) ? errorSentence(code, language) : code;
  });
  const instruction = kind === 'step' && step?.instruction ? [step.instruction] : [];
  return [
    ...(isNamed ? [stepName(step)] : []),
    ...instruction,
    ...words,
    ...(kind === 'budget' ? [texts.budgetPaused] : []),
  ];
}
