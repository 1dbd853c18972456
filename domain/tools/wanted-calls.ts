import type { ToolResult } from '../../contracts/tools.ts';
import type { CallOutline } from '../../contracts/workflow.ts';
import { queueOfProvider } from '../../contracts/queues.ts';
import type { OrganizationTransaction } from '../../db/organization.ts';
import { insertToolCalls, type ToolCall } from '../../db/queries/tool-calls.ts';
import type { OfferedTool } from './tool-host.ts';
import type { WantedCall } from '../models/model-port.ts';
import { argumentsHash } from './call-identity.ts';
import { createApprovalEvaluator, type ApprovalEvaluator } from './approval-evaluator.ts';
import { createRepetitionFinder, type FindRepetition } from './earlier-tries.ts';
import { errorResult, storableResult } from './results.ts';
import { resolve, type AgentTools, type ResolvedCall } from './agent-tools.ts';
import type { CheckArguments } from './tool-ports.ts';
import { isTainted, type CallContext } from './taint.ts';

/** More calls in one answer than this are not made; the model is told. */
const MAX_CALLS = 16;

/**
 * Writes down what a turn wants called, with what has to happen before: what needs nobody is answered at once, what a
 * human has to see is marked with the reasons. Part of the transaction that stores the turn.
 */
export async function writeWantedCalls(
  trx: OrganizationTransaction,
  context: CallContext,
  wanted: readonly WantedCall[],
  tools: AgentTools,
): Promise<void> {
  const resolved = wanted.map((call) => ({ call, to: resolve(call, tools) }));
  const changes = resolved.some(({ to }) => 'tool' in to && to.tool.risk !== 'read');
  const evaluate = changes ? await createApprovalEvaluator(trx, context) : () => [];
  const findRepetition = changes ? await createRepetitionFinder(trx, context) : () => undefined;
  const tainted = changes && (await isTainted(trx, context, tools.offered));
  const rows = resolved.map(({ call, to }, position) =>
    toRow(context, {
      call,
      to,
      position,
      tainted,
      evaluate,
      findRepetition,
      checkArguments: tools.checkArguments,
    }),
  );
  await insertToolCalls(trx, rows);
}

interface WantedRow {
  readonly call: WantedCall;
  readonly to: ResolvedCall;
  readonly position: number;
  readonly tainted: boolean;
  readonly evaluate: ApprovalEvaluator;
  readonly findRepetition: FindRepetition;
  readonly checkArguments: CheckArguments;
}

function toRow(
  context: CallContext,
  { call, to, position, tainted, evaluate, findRepetition, checkArguments }: WantedRow,
): Parameters<typeof insertToolCalls>[1][0] {
  const tool = 'tool' in to ? to.tool : undefined;
  const args = 'tool' in to ? to.args : call.input;
  const hash = argumentsHash(args);
  const mistake = answerAtOnce(to, position, checkArguments);
  const repeated = tool && tool.risk !== 'read' && !mistake ? findRepetition(tool, hash) : undefined;
  const answer = mistake ?? (repeated && 'answer' in repeated ? repeated.answer : undefined);
  return {
    organization_id: context.organizationId,
    orchestration_id: context.orchestrationId,
    id: `${context.turnKey}/${position}`,
    step_id: context.step,
    turn_key: context.turnKey,
    position,
    tool_use_id: call.id,
    tool: tool?.name ?? call.name.slice(0, 100),
    connection_id: tool?.connectionId ?? null,
    arguments: JSON.stringify(args),
    arguments_hash: hash,
    risk: tool?.risk ?? 'read',
    tainted,
    ...(tool &&
      !answer && { reasons: JSON.stringify([...evaluate(tool, tainted), ...(repeated ? ['repeated'] : [])]) }),
    ...(answer && {
      status: answer.isError ? ('failed' as const) : ('done' as const),
      result: JSON.stringify(storableResult(answer)),
      finished_at: new Date().toISOString(),
    }),
  };
}

/** What a call comes to that is not made, or needs nobody. */
function answerAtOnce(to: ResolvedCall, position: number, checkArguments: CheckArguments): ToolResult | undefined {
  if (position >= MAX_CALLS) return errorResult(`More than ${MAX_CALLS} calls at once; this one was not made.`);
  if ('answer' in to) return to.answer;
  const wrong = checkArguments(to.tool.definition.inputSchema, to.args);
  if (wrong.length === 0) return undefined;
  const words = wrong.map(({ path, message }) => `${path} ${message}`.trim()).join('; ');
  return errorResult(`The arguments do not fit the tool: ${words}`);
}

/** Nothing is left to do about it, also when the turn is gone through once more after a pause. */
const isSettled = ({ status, finished_at: finished }: ToolCall): boolean =>
  status === 'unknown' ? finished !== null : !['pending', 'waiting', 'running'].includes(status);

/** The calls of a turn as the workflow needs to know them: of more than were allowed nothing is left to do. */
export const toOutlines = (rows: readonly ToolCall[], offered: readonly OfferedTool[]): CallOutline[] =>
  rows.slice(0, MAX_CALLS).map((row) => ({
    id: row.id,
    tool: row.tool,
    reads: row.risk === 'read',
    asks: row.reasons.length > 0,
    settled: isSettled(row),
    queue: queueOfProvider(offered.find(({ name }) => name === row.tool)?.provider ?? ''),
    signature: `${row.tool}:${row.arguments_hash.slice(0, 16)}`,
  }));
