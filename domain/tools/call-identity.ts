import { hashOfJson, canonicalJson } from '../json.ts';
import type { StepRisk } from '../../contracts/plan.ts';
import type { OrganizationTransaction } from '../../db/organization.ts';
import { findApproval } from '../../db/queries/plans.ts';
import type { ToolCall } from '../../db/queries/tool-calls.ts';
import { getOrchestration } from '../../db/queries/orchestrations.ts';
import { findWithdrawnPermission } from './approval-evaluator.ts';
import { ToolCallError } from './tool-ports.ts';
import type { CallTarget, OfferedTool, ToolHost } from './tool-host.ts';

/** What tells the arguments of a call from all others. */
export const argumentsHash = (args: Readonly<Record<string, unknown>>): string => hashOfJson(args);

/**
 * The ledger's key of an effect: organization, root run, step, turn, tool, arguments, and which of the turn's identical
 * calls it is. A turn is stored before its calls are made, so a retry of it wants the same effects, and what a later turn
 * wants is another effect, also with the same arguments. Attempts, activity ids, run ids after a reset and the model's
 * own names of calls are no part of it: they change while the effect stays the same.
 */
export const effectKeyOf = (of: {
  readonly organizationId: string;
  /** Of the root run: a reset and a retry keep it. */
  readonly orchestrationId: string;
  readonly step: string | null;
  /** Null for a call that a person has named. */
  readonly turn: string | null;
  readonly tool: string;
  readonly argumentsHash: string;
  /** Identical calls of the same turn before this one. */
  readonly nth: number;
}): string =>
  hashOfJson(['effect', of.organizationId, of.orchestrationId, of.step, of.turn, of.tool, of.argumentsHash, of.nth]);

const RANK: Readonly<Record<StepRisk, number>> = { read: 0, write: 1, production: 2 };

/**
 * Why a call is no longer what was wanted, and so not made: its name stands for another connection by now, it does more
 * than was judged when it was written down, or its arguments are others. Undefined for most. Pure.
 */
export function findCallMismatch(
  row: Pick<ToolCall, 'tool' | 'connection_id' | 'risk' | 'arguments' | 'arguments_hash'>,
  tool: Pick<OfferedTool, 'connectionId' | 'connection' | 'risk'>,
): string | undefined {
  if (row.connection_id !== tool.connectionId)
    return `${row.tool} stands for another connection by now (${tool.connection}); nothing was sent. Call it again if it is still wanted.`;
  if (RANK[tool.risk] > RANK[row.risk])
    return `${row.tool} has changed since it was wanted and does more by now; nothing was sent. Call it again if it is still wanted.`;
  if (argumentsHash(row.arguments) !== row.arguments_hash)
    return `The arguments of this call of ${row.tool} are not those that were wanted; nothing was sent.`;
  return undefined;
}

/**
 * Why a call is not what a human has approved: it is the question as it was shown that counts, with exactly these
 * arguments, and not what the call's own row says. Undefined where nobody had to be asked.
 */
export async function findApprovalMismatch(trx: OrganizationTransaction, row: ToolCall): Promise<string | undefined> {
  if (row.reasons.length === 0) return undefined;
  const asked = row.approval_id ? await findApproval(trx, row.orchestration_id, row.approval_id) : undefined;
  const said = asked?.kind === 'tool' && asked.decision?.verdict === 'approve' && !asked.decision.choice;
  const shown = said ? asked.plan.calls?.find(({ id }) => id === row.id) : undefined;
  return shown?.tool === row.tool && canonicalJson(shown.arguments) === canonicalJson(row.arguments)
    ? undefined
    : `Nobody has approved this call of ${row.tool} as it is now; nothing was sent.`;
}

/**
 * Looks once more, in the transaction that comes before sending: between the claim and that moment a server may have
 * been waited for, or a try may have failed. @throws ToolCallError `refused`
 */
export async function refuseUnlessStillWanted(
  host: Pick<ToolHost, 'load'>,
  trx: OrganizationTransaction,
  { organizationId, orchestrationId }: CallTarget,
  row: ToolCall,
): Promise<void> {
  const { user_id: userId } = await getOrchestration(trx, orchestrationId);
  const tool = (await host.load(trx, { organizationId, userId }, row.tool))?.tool;
  const mismatch = tool
    ? (findCallMismatch(row, tool) ?? (await findWithdrawnPermission(trx, row, tool)))
    : `${row.tool} is not available any more; nothing was sent.`;
  if (mismatch !== undefined) throw new ToolCallError('refused', mismatch);
}
