import { hashOfJson } from '../json.ts';
import { withheldEffect, type EffectCounts, type EffectView } from '../../contracts/effects.ts';
import {
  listCalls,
  listEffects,
  type CountedEffects,
  type ShownCall,
  type ShownEffect,
} from '../../db/queries/tool-views.ts';
import type { Principal } from '../../contracts/request.ts';
import type { ToolCallView } from '../../contracts/tools.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { findJobFor, findWithheld } from '../access/access.ts';
import type { DatabaseDeps } from '../deps.ts';

/** A line of the ledger as people read it; of a personal connection others see that it is there. Pure. */
export const toEffectView = (row: ShownEffect, withheld = false): EffectView =>
  withheld && row.personal ? withheldEffect(effectView(row)) : effectView(row);

const effectView = (row: ShownEffect): EffectView => ({
  key: row.key,
  stepId: row.step_id,
  tool: row.tool,
  connection: row.connection,
  arguments: row.arguments,
  state: row.state,
  settledBy: row.settled_by,
  resource: row.resource,
  attempts: row.attempts,
  detail: row.detail,
  undo: undoOf(row),
  undoQuestion:
    row.undo_state === 'ASK' && row.undo_losses ? { losses: row.undo_losses, hash: hashOfJson(row.undo_losses) } : null,
  claimedAt: row.claimed_at.toISOString(),
  settledAt: row.settled_at?.toISOString() ?? null,
});

function undoOf({ state, undoable, undo_state }: ShownEffect): EffectView['undo'] {
  if (undo_state) return undo_state;
  return undoable && state === 'DONE' ? 'available' : 'none';
}

export const toEffectCounts = (counted: CountedEffects | undefined): EffectCounts => ({
  done: counted?.done ?? 0,
  unknown: counted?.unknown ?? 0,
  undoable: counted?.undoable ?? 0,
});

/** A call as people read it; of a personal connection others see that it was made. Pure. */
export const toToolCallView = (row: ShownCall, withheld = false): ToolCallView =>
  withheld && row.personal ? { ...toolCallView(row), arguments: {}, result: null, progress: null } : toolCallView(row);

const toolCallView = (row: ShownCall): ToolCallView => ({
  id: row.id,
  stepId: row.step_id,
  tool: row.tool,
  connection: row.connection,
  risk: row.risk,
  status: row.status,
  tainted: row.tainted,
  arguments: row.arguments,
  result: row.result ?? null,
  progress: row.progress,
  startedAt: row.started_at?.toISOString() ?? null,
  finishedAt: row.finished_at?.toISOString() ?? null,
});

/** More than one run can make. */
const MAX_CALLS = 1_000;

/** What a job has changed outside, in the order of the claims. @throws RequestError 404 */
export const readEffects = (deps: DatabaseDeps, by: Principal, jobId: string): Promise<EffectView[]> =>
  readOfJob(deps, by, jobId, async (trx, withheld) =>
    (await listEffects(trx, jobId)).map((row) => toEffectView(row, withheld)),
  );

/** Every tool call of a job with its result, in the order they were made. @throws RequestError 404 */
export const readToolCalls = (deps: DatabaseDeps, by: Principal, jobId: string): Promise<ToolCallView[]> =>
  readOfJob(deps, by, jobId, async (trx, withheld) =>
    (await listCalls(trx, jobId, MAX_CALLS)).map((row) => toToolCallView(row, withheld)),
  );

const readOfJob = <T>(
  { db }: DatabaseDeps,
  by: Principal,
  jobId: string,
  read: (trx: OrganizationTransaction, withheld: boolean) => Promise<T>,
): Promise<T> =>
  withOrganization(db, by.organizationId, async (trx) => {
    const job = await findJobFor(trx, by, jobId);
    return read(trx, (await findWithheld(trx, by, [job])).has(jobId));
  });
