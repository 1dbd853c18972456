import type { EffectCounts, EffectView } from '../../contracts/effects.ts';
import type { CountedEffects, ShownEffect } from '../../db/queries/tool-views.ts';

/** A line of the ledger as people read it. Pure. */
export const toEffectView = (row: ShownEffect): EffectView => ({
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
