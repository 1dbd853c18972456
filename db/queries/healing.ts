import type { Insertable, Selectable } from 'kysely';
import type { Nanos } from '../../contracts/money.ts';
import type { OrganizationTransaction } from '../organization.ts';
import type { HealingTable } from '../tables/plans.ts';

export type Healing = Selectable<HealingTable>;

/** Safe to repeat: what was decided for an attempt stands. */
export const insertHealing = (trx: OrganizationTransaction, row: Insertable<HealingTable>) =>
  trx
    .insertInto('healing')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .execute();

export const listHealing = (trx: OrganizationTransaction, orchestrationId: string): Promise<Healing[]> =>
  trx
    .selectFrom('healing')
    .selectAll()
    .where('orchestration_id', '=', orchestrationId)
    .orderBy('created_at')
    .orderBy('attempt')
    .execute();

/** Attempts of several orchestrations at once, for lists. */
export const listHealingOf = (trx: OrganizationTransaction, orchestrationIds: string[]): Promise<Healing[]> =>
  orchestrationIds.length === 0
    ? Promise.resolve([])
    : trx
        .selectFrom('healing')
        .selectAll()
        .where('orchestration_id', 'in', orchestrationIds)
        .orderBy('created_at')
        .orderBy('attempt')
        .execute();

export const setHealing = (
  trx: OrganizationTransaction,
  key: { orchestrationId: string; stepId: string; attempt: number },
  set: { status: 'succeeded' | 'failed'; cost_nanos?: Nanos },
) =>
  trx
    .updateTable('healing')
    .set(set)
    .where('orchestration_id', '=', key.orchestrationId)
    .where('step_id', '=', key.stepId)
    .where('attempt', '=', key.attempt)
    .where('status', '=', 'running')
    .execute();

/** The job is over: attempts that nothing came of have failed. A statement that goes along with another. */
export const openHealingFailure = (trx: OrganizationTransaction, orchestrationId: string) =>
  trx
    .updateTable('healing')
    .set({ status: 'failed' })
    .where('orchestration_id', '=', orchestrationId)
    .where('status', '=', 'running');
