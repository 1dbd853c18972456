import { toJsonb } from '../../contracts/json.ts';
import { sql, type Insertable, type Selectable, type Updateable } from 'kysely';
import type { OrganizationTransaction } from '../organization.ts';
import type { EffectsTable } from '../tables/tools.ts';

export type Effect = Selectable<EffectsTable>;

/**
 * Claims an effect: the row is there before anything is sent. Answers the claim when it is ours, or what is there
 * already, locked until the transaction ends. One that certainly did not happen is claimed anew.
 */
export async function claimEffect(
  trx: OrganizationTransaction,
  row: Insertable<EffectsTable> & { execution: string },
): Promise<{ readonly isClaimed: boolean; readonly effect: Effect }> {
  const fresh = await trx
    .insertInto('effects')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();
  if (fresh) return { isClaimed: true, effect: fresh };
  const effect = await lockEffect(trx, row.key);
  if (effect.state !== 'FAILED') return { isClaimed: false, effect };
  const taken = await reclaimEffect(trx, effect, row.execution);
  return taken ? { isClaimed: true, effect: taken } : { isClaimed: false, effect };
}

export const findEffect = (trx: OrganizationTransaction, key: string): Promise<Effect | undefined> =>
  trx.selectFrom('effects').selectAll().where('key', '=', key).executeTakeFirst();

const lockEffect = (trx: OrganizationTransaction, key: string): Promise<Effect> =>
  trx.selectFrom('effects').selectAll().where('key', '=', key).forUpdate().executeTakeFirstOrThrow();

/**
 * Takes a claim over from whoever was `seen` to hold it, who finds it gone and sends nothing. Undefined when it has moved
 * on since it was seen: a try that slept through a newer one must not take from that.
 */
export const reclaimEffect = (
  trx: OrganizationTransaction,
  seen: Pick<Effect, 'key' | 'state' | 'attempts' | 'sent_at'>,
  execution: string,
): Promise<Effect | undefined> =>
  trx
    .updateTable('effects')
    .set((eb) => ({
      state: 'PENDING',
      execution,
      attempts: eb('attempts', '+', 1),
      sent_at: null,
      answer_until: null,
      settled_at: null,
      settled_by: null,
      detail: null,
    }))
    .where('key', '=', seen.key)
    .where('state', '=', seen.state)
    .where('attempts', '=', seen.attempts)
    .where('sent_at', seen.sent_at === null ? 'is' : 'is not', null)
    .returningAll()
    .executeTakeFirst();

/** About to be sent by the holder of the claim; false when somebody else holds it by now. */
export async function setSent(
  trx: OrganizationTransaction,
  given: { key: string; execution: string; waitMs: number; before: Record<string, unknown> | undefined },
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('effects')
    .set({
      sent_at: sql<string>`clock_timestamp()`,
      answer_until: sql<string>`clock_timestamp() + make_interval(secs => ${given.waitMs / 1_000})`,
      before: given.before ? toJsonb(given.before) : null,
    })
    .where('key', '=', given.key)
    .where('execution', '=', given.execution)
    .where('state', '=', 'PENDING')
    .where('sent_at', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/**
 * Writes how it ended. What is done stays done, whatever comes later; with `attempts` only where no newer try holds the
 * claim. Answers whether it was written.
 */
export async function settleEffect(
  trx: OrganizationTransaction,
  { key, attempts }: { readonly key: string; readonly attempts?: number },
  set: Updateable<EffectsTable>,
): Promise<boolean> {
  let update = trx
    .updateTable('effects')
    .set({ ...set, settled_at: sql<string>`clock_timestamp()` })
    .where('key', '=', key)
    .where('state', '!=', 'DONE');
  if (attempts !== undefined) update = update.where('attempts', '=', attempts);
  return (await update.executeTakeFirst()).numUpdatedRows > 0n;
}

/** How long whoever holds the claim may still be sending, ms, by the clock of the database: workers' clocks differ. */
export async function msUntilNobodySends(trx: OrganizationTransaction, key: string): Promise<number> {
  const { left } = await trx
    .selectFrom('effects')
    .select(sql<number>`extract(epoch from answer_until - clock_timestamp())::float8 * 1000`.as('left'))
    .where('key', '=', key)
    .executeTakeFirstOrThrow();
  return Math.max(0, Math.ceil(left));
}

export const listEffects = (trx: OrganizationTransaction, orchestrationId: string): Promise<Effect[]> =>
  trx.selectFrom('effects').selectAll().where('orchestration_id', '=', orchestrationId).orderBy('sequence').execute();

/** What one step has claimed, in the order of the claims. */
export const listEffectsOfStep = (
  trx: OrganizationTransaction,
  { orchestrationId, step }: { orchestrationId: string; step: string },
): Promise<Pick<Effect, 'tool' | 'state'>[]> =>
  trx
    .selectFrom('effects')
    .select(['tool', 'state'])
    .where('orchestration_id', '=', orchestrationId)
    .where('step_id', '=', step)
    .orderBy('sequence')
    .execute();

/** What an undo would take back, the newest first. */
export const listUndoable = (trx: OrganizationTransaction, orchestrationId: string): Promise<Effect[]> =>
  trx
    .selectFrom('effects')
    .selectAll()
    .where('orchestration_id', '=', orchestrationId)
    .where('state', '=', 'DONE')
    .where('undoable', '=', true)
    .where((eb) => eb.or([eb('undo_state', 'is', null), eb('undo_state', '!=', 'DONE')]))
    .orderBy('sequence', 'desc')
    .execute();

export const setUndo = (
  trx: OrganizationTransaction,
  key: string,
  set: Pick<Updateable<EffectsTable>, 'undo_state' | 'detail' | 'undo_losses'>,
) => trx.updateTable('effects').set(set).where('key', '=', key).execute();

/** Says yes to losing what these effects have asked about, as it is asked now. */
export const acceptUndoLosses = (trx: OrganizationTransaction, keys: readonly string[]) =>
  trx
    .updateTable('effects')
    .set({ undo_accepted: sql`undo_losses` })
    .where('key', 'in', [...keys])
    .where('undo_state', '=', 'ASK')
    .execute();

/** Ids that other effects through this connection have made: a read-back must not take them for its own. */
export async function listOtherResourceIds(
  trx: OrganizationTransaction,
  { connectionId, exceptKey }: { connectionId: string; exceptKey: string },
): Promise<Set<string>> {
  const rows = await trx
    .selectFrom('effects')
    .select('resource')
    .where('connection_id', '=', connectionId)
    .where('key', '!=', exceptKey)
    .where('resource', 'is not', null)
    .orderBy('sequence', 'desc')
    .limit(1_000)
    .execute();
  return new Set(rows.flatMap(({ resource }) => resource?.id ?? []));
}
