import type { Attempt } from '../attempt.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { findEffect, setUndo, type Effect } from '../../db/queries/effects.ts';
import { getOrchestration } from '../../db/queries/orchestrations.ts';
import type { LoadedTool } from '../tools/tool-host.ts';
import { type DoneChange, ToolCallError } from '../tools/tool-ports.ts';
import { afterFailure } from '../tools/settle-call.ts';
import type { ToolDeps } from '../tools/tool-deps.ts';

export interface UndoTarget {
  readonly organizationId: string;
  readonly orchestrationId: string;
  /** The ledger's key of what is taken back. */
  readonly key: string;
}

/** An undo answers within this, ms. */
const UNDO_MS = 30_000;

/**
 * Takes one change back. Written to the ledger before and after; tools promise that taking back twice is taking back
 * once, so a try that does not know what became of the one before does it again.
 */
export async function undoEffect(
  deps: ToolDeps,
  { organizationId, orchestrationId, key }: UndoTarget,
  attempt: Attempt,
): Promise<{ undone: boolean }> {
  const write = (set: Parameters<typeof setUndo>[2]) =>
    withOrganization(deps.db, organizationId, (trx) => setUndo(trx, key, set));
  const opened = await withOrganization(deps.db, organizationId, (trx) =>
    openUndo(deps, trx, { organizationId, orchestrationId, key }),
  );
  if ('undone' in opened) return opened;
  const { effect, loaded } = opened;
  try {
    const options = { signal: attempt.signal, timeoutMs: UNDO_MS, effectKey: key };
    const said = await deps.host.undo(loaded, toDone(effect), options);
    deps.reachKillPoint('after-effect');
    await write({ undo_state: 'DONE', detail: said });
    return { undone: true };
  } catch (error) {
    if (!(error instanceof ToolCallError)) throw error;
    const retriable = error.kind === 'unknown' ? new ToolCallError('unavailable', error.message) : error;
    const next = afterFailure(retriable, attempt.number);
    if (next.kind === 'throw') throw next.failure;
    await write({ undo_state: error.kind === 'unknown' ? 'UNKNOWN' : 'FAILED', detail: error.message });
    return { undone: false };
  }
}

/** Whether there is something to take back and a tool to do it with, written down before anything is sent. */
async function openUndo(
  { host }: Pick<ToolDeps, 'host'>,
  trx: OrganizationTransaction,
  { organizationId, orchestrationId, key }: UndoTarget,
): Promise<{ readonly undone: boolean } | { readonly effect: Effect; readonly loaded: LoadedTool }> {
  const effect = await findEffect(trx, key);
  if (!effect || effect.state !== 'DONE' || !effect.undoable) return { undone: false };
  if (effect.undo_state === 'DONE') return { undone: true };
  const { user_id: userId } = await getOrchestration(trx, orchestrationId);
  const loaded = await host.load(trx, { organizationId, userId }, effect.tool);
  // By the same name another connection may be found by now, and it has nothing of this.
  if (loaded?.tool.connectionId !== effect.connection_id) {
    const detail = `${effect.tool} is not available; its connection may be gone.`;
    await setUndo(trx, key, { undo_state: 'FAILED', detail });
    return { undone: false };
  }
  await setUndo(trx, key, { undo_state: 'PENDING' });
  return { effect, loaded };
}

const toDone = ({ arguments: args, result, before }: Effect): DoneChange => ({
  args,
  result: result ?? { text: '', isError: false },
  before: before ?? undefined,
});
