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
import { carriesOut, isTainted, type CallContext } from './taint.ts';

/** More calls in one answer than this are not made; the model is told. */
const MAX_CALLS = 16;

/**
 * Writes down what a turn wants called, with what has to happen before: what needs nobody is answered at once, what a
 * human has to see is marked with the reasons. Part of the transaction that stores the turn. Answers whether the step has
 * been told what an untrusted server says, so that it is tainted from its next turn on.
 */
export async function writeWantedCalls(
  trx: OrganizationTransaction,
  context: CallContext,
  wanted: readonly WantedCall[],
  tools: AgentTools,
): Promise<{ readonly tainted: boolean }> {
  const resolved = wanted.map((call) => ({ call, to: resolve(call, tools) }));
  const changes = resolved.some(({ to }) => 'tool' in to && to.tool.risk !== 'read');
  const calls = resolved.some(({ to }) => 'tool' in to);
  const evaluate = calls ? await createApprovalEvaluator(trx, context) : () => ASKS_NOBODY;
  const findRepetition = changes ? await createRepetitionFinder(trx, context) : () => undefined;
  const tainted = changes && (await isTainted(trx, context, tools.inRequest));
  const rows = [];
  const answers = [];
  for (const [position, { call, to }] of resolved.entries()) {
    const mistake = answerAtOnce(to, position, tools.checkArguments);
    const repeated = mistake ? undefined : findRepeated(findRepetition, to);
    const answer = mistake ?? (repeated && 'answer' in repeated ? repeated.answer : undefined);
    const carries = 'tool' in to && to.tool.risk === 'read' && (await carriesOut(trx, context, to.tool, to.args));
    const isRepeated = repeated !== undefined;
    rows.push(toRow(context, { call, to, position, answer, isRepeated, tainted, carriesOut: carries, evaluate }));
    if (answer) answers.push({ to, answer });
  }
  await insertToolCalls(trx, rows);
  return { tainted: answers.some(({ to, answer }) => quotesStranger(to, answer, tools.offered)) };
}

const ASKS_NOBODY: ReturnType<ApprovalEvaluator> = { reasons: [], waived: undefined };

const findRepeated = (find: FindRepetition, to: ResolvedCall): ReturnType<FindRepetition> =>
  'tool' in to && to.tool.risk !== 'read' ? find(to.tool, argumentsHash(to.args)) : undefined;

/** Whether an answer of ours repeats what an untrusted server says: of its tools, or in its schema. */
const quotesStranger = (to: ResolvedCall, { text }: ToolResult, offered: readonly OfferedTool[]): boolean =>
  'tool' in to
    ? to.tool.untrusted === true
    : offered.some(({ untrusted, name }) => untrusted === true && text.includes(name));

interface WantedRow {
  readonly call: WantedCall;
  readonly to: ResolvedCall;
  readonly position: number;
  /** Of a call that is not made. */
  readonly answer: ToolResult | undefined;
  readonly tainted: boolean;
  readonly carriesOut: boolean;
  readonly evaluate: ApprovalEvaluator;
  /** An earlier try has made exactly this change, or may have. */
  readonly isRepeated: boolean;
}

function toRow(
  context: CallContext,
  { call, to, position, answer, isRepeated, tainted, carriesOut: carries, evaluate }: WantedRow,
): Parameters<typeof insertToolCalls>[1][0] {
  const tool = 'tool' in to ? to.tool : undefined;
  const args = 'tool' in to ? to.args : call.input;
  const hash = argumentsHash(args);
  const need = tool && !answer ? evaluate({ tool, args, tainted, carriesOut: carries }) : undefined;
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
    ...(need && {
      reasons: JSON.stringify([...need.reasons, ...(isRepeated ? ['repeated'] : [])]),
      waived_reasons: need.waived ? JSON.stringify(need.waived) : null,
    }),
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
