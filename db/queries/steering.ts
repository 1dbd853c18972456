import type { Insertable, Selectable } from 'kysely';
import type { OrganizationTransaction } from '../organization.ts';
import type { SteeringTable } from '../tables/plans.ts';

export type Steering = Selectable<SteeringTable>;

export const insertSteering = (trx: OrganizationTransaction, row: Insertable<SteeringTable>) =>
  trx.insertInto('steering').values(row).execute();

export const findSteering = (trx: OrganizationTransaction, id: string): Promise<Steering | undefined> =>
  trx.selectFrom('steering').selectAll().where('id', '=', id).executeTakeFirst();

export const listSteering = (trx: OrganizationTransaction, orchestrationId: string): Promise<Steering[]> =>
  trx
    .selectFrom('steering')
    .selectAll()
    .where('orchestration_id', '=', orchestrationId)
    .orderBy('created_at')
    .execute();

/** Messages of several orchestrations at once, for lists. */
export const listSteeringOf = (trx: OrganizationTransaction, orchestrationIds: string[]): Promise<Steering[]> =>
  orchestrationIds.length === 0
    ? Promise.resolve([])
    : trx
        .selectFrom('steering')
        .selectAll()
        .where('orchestration_id', 'in', orchestrationIds)
        .orderBy('created_at')
        .execute();

/** Says where the messages went; what was taken up before stays where it was. */
export const setDelivered = (trx: OrganizationTransaction, ids: readonly string[], stepId: string | null) =>
  ids.length === 0
    ? Promise.resolve([])
    : trx
        .updateTable('steering')
        .set({ status: 'delivered', step_id: stepId, delivered_at: new Date().toISOString() })
        .where('id', 'in', [...ids])
        .where('status', '=', 'pending')
        .execute();

/** The stop that people asked for has come to pass. */
export const setStopsDelivered = (trx: OrganizationTransaction, orchestrationId: string) =>
  trx
    .updateTable('steering')
    .set({ status: 'delivered', delivered_at: new Date().toISOString() })
    .where('orchestration_id', '=', orchestrationId)
    .where('mode', '=', 'stop')
    .where('status', '=', 'pending')
    .execute();

/** The work is over: what nobody took up is said to be dropped. A statement that goes along with another. */
export const pendingDrop = (trx: OrganizationTransaction, orchestrationId: string) =>
  trx
    .updateTable('steering')
    .set({ status: 'dropped' })
    .where('orchestration_id', '=', orchestrationId)
    .where('status', '=', 'pending');

/** One message that could not be given to the work. */
export const dropSteering = (trx: OrganizationTransaction, id: string) =>
  trx.updateTable('steering').set({ status: 'dropped' }).where('id', '=', id).where('status', '=', 'pending').execute();
