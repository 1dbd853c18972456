import type { Insertable, Selectable } from 'kysely';
import type { ModelTurnsTable } from '../tables/work.ts';
import type { OrganizationTransaction } from '../organization.ts';

export type ModelTurn = Selectable<ModelTurnsTable>;

export const findTurn = (
  trx: OrganizationTransaction,
  key: { orchestrationId: string; turnKey: string },
): Promise<ModelTurn | undefined> =>
  trx
    .selectFrom('model_turns')
    .selectAll()
    .where('orchestration_id', '=', key.orchestrationId)
    .where('turn_key', '=', key.turnKey)
    .executeTakeFirst();

/** Safe to repeat: the first answer of a turn is the answer. */
export const insertTurn = (trx: OrganizationTransaction, row: Insertable<ModelTurnsTable>) =>
  trx
    .insertInto('model_turns')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .execute();

export const listTurns = (trx: OrganizationTransaction, orchestrationId: string): Promise<ModelTurn[]> =>
  trx
    .selectFrom('model_turns')
    .selectAll()
    .where('orchestration_id', '=', orchestrationId)
    .orderBy('created_at')
    .execute();
