import type { Attempt } from '../attempt.ts';
import { withOrganization } from '../../db/organization.ts';
import { findEffect, setUndo, type Effect } from '../../db/queries/effects.ts';
import { getOrchestration } from '../../db/queries/orchestrations.ts';
import type { ToolHost } from '../tools/tool-host.ts';
import { ToolCallError } from '../tools/mcp-connection.ts';
import { afterFailure } from '../tools/call-failures.ts';
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
  const { effect, userId } = await withOrganization(deps.db, organizationId, async (trx) => ({
    effect: await findEffect(trx, key),
    userId: (await getOrchestration(trx, orchestrationId)).user_id,
  }));
  if (!effect || effect.state !== 'DONE' || !effect.undoable) return { undone: false };
  if (effect.undo_state === 'DONE') return { undone: true };
  const tool = await deps.host.find({ organizationId, userId }, effect.tool, { alsoResting: true });
  // By the same name another connection may be found by now, and it has nothing of this.
  if (!tool || tool.connectionId !== effect.connection_id) {
    await write({ undo_state: 'FAILED', detail: `${effect.tool} is not available; its connection may be gone.` });
    return { undone: false };
  }
  await write({ undo_state: 'PENDING' });
  try {
    const on = { organizationId, connectionId: tool.connectionId };
    const said = await deps.host.undo(on, tool.remoteName, toDone(effect), {
      signal: attempt.signal,
      timeoutMs: UNDO_MS,
      effectKey: key,
    });
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

const toDone = ({ arguments: args, result, before }: Effect): Parameters<ToolHost['undo']>[2] => ({
  args,
  result: result ?? { text: '', isError: false },
  before: before ?? undefined,
});
