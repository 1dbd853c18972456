import type { AskReason, ToolResult } from '../../contracts/tools.ts';
import type { CallOutline } from '../../contracts/workflow.ts';
import { queueOfProvider } from '../../contracts/queues.ts';
import type { OrganizationTransaction } from '../../db/organization.ts';
import { isPlanApproved } from '../../db/queries/plans.ts';
import { getApprovalPolicy } from '../../db/queries/policies.ts';
import { insertToolCalls, type ToolCall } from '../../db/queries/tool-calls.ts';
import { checkArguments } from '../../mcp/check-arguments.ts';
import type { OfferedTool } from '../../mcp/host/tool-host.ts';
import type { WantedCall } from '../model/model-port.ts';
import { argumentsHash } from './canonical.ts';
import type { Place } from './place.ts';
import { reasonsToAsk } from './reasons.ts';
import { errorResult, storableResult } from './results.ts';
import { resolve, type AgentTools } from './agent-tools.ts';
import { isTainted } from './taint.ts';

/** More calls in one answer than this are not made; the model is told. */
const MOST_CALLS = 16;

/**
 * Writes down what a turn wants called, with what has to happen before: what needs nobody is answered at once, what a
 * human has to see is marked with the reasons. Part of the transaction that stores the turn.
 */
export async function writeWantedCalls(
  trx: OrganizationTransaction,
  place: Place,
  wanted: readonly WantedCall[],
  tools: AgentTools,
): Promise<void> {
  const resolved = wanted.map((call) => ({ call, to: resolve(call, tools) }));
  const changes = resolved.some(({ to }) => 'tool' in to && to.tool.risk !== 'read');
  const judge = changes ? await openJudge(trx, place) : () => [];
  const tainted = changes && (await isTainted(trx, place, tools.offered));
  await insertToolCalls(
    trx,
    resolved.map(({ call, to }, position) => {
      const tool = 'tool' in to ? to.tool : undefined;
      const args = 'tool' in to ? to.args : call.input;
      const wrong = tool ? checkArguments(tool.definition.inputSchema, args) : [];
      const answer: ToolResult | undefined =
        position >= MOST_CALLS
          ? errorResult(`More than ${MOST_CALLS} calls at once; this one was not made.`)
          : wrong.length > 0
            ? errorResult(
                `The arguments do not fit the tool: ${wrong.map(({ path, message }) => `${path} ${message}`.trim()).join('; ')}`,
              )
            : 'answer' in to
              ? to.answer
              : undefined;
      return {
        organization_id: place.organizationId,
        orchestration_id: place.orchestrationId,
        id: `${place.turnKey}/${position}`,
        step_id: place.step,
        turn_key: place.turnKey,
        position,
        tool_use_id: call.id,
        tool: tool?.name ?? call.name.slice(0, 100),
        connection_id: tool?.connectionId ?? null,
        arguments: JSON.stringify(args),
        arguments_hash: argumentsHash(args),
        risk: tool?.risk ?? 'read',
        tainted,
        ...(tool && !answer && { reasons: JSON.stringify(judge(tool, tainted)) }),
        ...(answer && {
          status: answer.isError ? ('failed' as const) : ('done' as const),
          result: JSON.stringify(storableResult(answer)),
          finished_at: new Date().toISOString(),
        }),
      };
    }),
  );
}

type Judge = (tool: OfferedTool, tainted: boolean) => AskReason[];

async function openJudge(trx: OrganizationTransaction, { orchestrationId, plannedTool }: Place): Promise<Judge> {
  const { policy } = await getApprovalPolicy(trx);
  const approved = plannedTool ? await isPlanApproved(trx, orchestrationId, plannedTool.revision) : false;
  return (tool, tainted) =>
    reasonsToAsk({ risk: tool.risk, tainted, plannedAndApproved: approved && plannedTool?.name === tool.name }, policy);
}

/** The calls of a turn as the workflow needs to know them: of more than were allowed nothing is left to do. */
export const toOutlines = (rows: readonly ToolCall[], offered: readonly OfferedTool[]): CallOutline[] =>
  rows.slice(0, MOST_CALLS).map(({ id, tool, risk, reasons, status, arguments_hash: hash }) => ({
    id,
    tool,
    reads: risk === 'read',
    asks: reasons.length > 0,
    settled: status === 'done' || status === 'failed',
    queue: queueOfProvider(offered.find(({ name }) => name === tool)?.provider ?? ''),
    signature: `${tool}:${hash.slice(0, 16)}`,
  }));
