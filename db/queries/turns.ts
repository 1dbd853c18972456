import { sql, type Insertable, type Selectable } from 'kysely';
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
  turnInsert(trx, row).execute();

export const turnInsert = (trx: OrganizationTransaction, row: Insertable<ModelTurnsTable>) =>
  trx
    .insertInto('model_turns')
    .values(row)
    .onConflict((conflict) => conflict.doNothing());

/** Without their blocks, which only the rounds of a step need. */
export const listTurns = (
  trx: OrganizationTransaction,
  orchestrationId: string,
): Promise<Omit<ModelTurn, 'blocks' | 'organization_id' | 'orchestration_id'>[]> =>
  trx
    .selectFrom('model_turns')
    .select(['turn_key', 'model', 'content', 'stop_reason', 'cost_nanos', 'created_at'])
    .where('orchestration_id', '=', orchestrationId)
    .orderBy('created_at')
    .execute();

/** Some turns with what they answered; a job's other answers, which may be long, stay where they are. */
export const listTurnsByKey = (
  trx: OrganizationTransaction,
  orchestrationId: string,
  turnKeys: readonly string[],
): Promise<Pick<ModelTurn, 'turn_key' | 'content' | 'blocks' | 'stop_reason'>[]> =>
  turnKeys.length === 0
    ? Promise.resolve([])
    : trx
        .selectFrom('model_turns')
        .select(['turn_key', 'content', 'blocks', 'stop_reason'])
        .where('orchestration_id', '=', orchestrationId)
        // One parameter however many there are, so that it stays one prepared statement.
        .where('turn_key', '=', sql<string>`any(${[...turnKeys]}::text[])`)
        .execute();
