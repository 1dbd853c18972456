import { type Compilable, type Insertable, type QueryCreator, type Selectable, type Updateable, sql } from 'kysely';
import { FINAL_STATUSES, type Analysis } from '../../contracts/orchestration.ts';
import type { EventType } from '../../contracts/events.ts';
import type { Database } from '../tables/index.ts';
import type { OrchestrationsTable } from '../tables/work.ts';
import type { OrganizationTransaction } from '../organization.ts';
import { executeAlong } from '../together.ts';
import { appendEvent } from './events.ts';

export type Orchestration = Selectable<OrchestrationsTable>;

export const insertOrchestration = (
  trx: OrganizationTransaction,
  row: Insertable<OrchestrationsTable>,
): Promise<Orchestration> => trx.insertInto('orchestrations').values(row).returningAll().executeTakeFirstOrThrow();

export const findOrchestration = (trx: OrganizationTransaction, id: string): Promise<Orchestration | undefined> =>
  trx.selectFrom('orchestrations').selectAll().where('id', '=', id).executeTakeFirst();

/** An orchestration that must be there; throws kysely's `NoResultError` otherwise. */
export const getOrchestration = (trx: OrganizationTransaction, id: string): Promise<Orchestration> =>
  trx.selectFrom('orchestrations').selectAll().where('id', '=', id).executeTakeFirstOrThrow();

/**
 * As `getOrchestration`, and nobody else changes it until this transaction ends. Not `for update`: rows that refer to it
 * hold a key share on it, and two transactions that have both inserted one would wait for each other.
 */
export const lockOrchestration = (trx: OrganizationTransaction, id: string): Promise<Orchestration> =>
  trx.selectFrom('orchestrations').selectAll().where('id', '=', id).forNoKeyUpdate().executeTakeFirstOrThrow();

/** What a conversation tells of its work. */
const IN_SESSION = ['id', 'user_id', 'status', 'message', 'message_deleted_at', 'language', 'created_at'] as const;

/** The newest work of a conversation, oldest first. */
export async function listNewestOfSession(
  trx: OrganizationTransaction,
  sessionId: string,
  limit: number,
): Promise<Pick<Orchestration, (typeof IN_SESSION)[number]>[]> {
  const newest = await trx
    .selectFrom('orchestrations')
    .select(IN_SESSION)
    .where('session_id', '=', sessionId)
    .orderBy('created_at', 'desc')
    .limit(limit)
    .execute();
  return newest.reverse();
}

export interface Change {
  readonly organizationId: string;
  readonly id: string;
  readonly set: Updateable<OrchestrationsTable>;
  readonly event: EventType;
}

/**
 * Changes what people see of an orchestration and appends the event that tells it, in one transaction. A final status
 * is final: a late change to a finished one is dropped and answers undefined. Progress never goes back. `statements` go
 * along in the same round trip, whatever becomes of the change.
 */
export async function changeOrchestration(
  trx: OrganizationTransaction,
  change: Change,
  statements: readonly Compilable[] = [],
): Promise<Orchestration | undefined> {
  const row = await executeAlong(trx, statements, orchestrationUpdate(trx, change));
  if (row) await tellChange(trx, row, change.event);
  return row;
}

/** The first half of a change, for a transaction that locks other rows before it tells: see `tellChange`. */
export const updateOrchestration = (
  trx: QueryCreator<Database>,
  change: Pick<Change, 'id' | 'set'>,
): Promise<Orchestration | undefined> => orchestrationUpdate(trx, change).executeTakeFirst();

const orchestrationUpdate = (trx: QueryCreator<Database>, { id, set }: Pick<Change, 'id' | 'set'>) =>
  trx
    .updateTable('orchestrations')
    .set((eb) => ({
      ...set,
      version: eb('version', '+', 1),
      ...(typeof set.progress === 'number' && { progress: eb.fn('greatest', ['progress', eb.val(set.progress)]) }),
    }))
    .where('id', '=', id)
    .where('status', 'not in', [...FINAL_STATUSES])
    .returningAll();

/** Keeps what the model made of the request; nothing that people see changes with it. */
export const setAnalysis = (trx: OrganizationTransaction, id: string, analysis: Analysis) =>
  trx
    .updateTable('orchestrations')
    .set({ analysis: JSON.stringify(analysis) })
    .where('id', '=', id)
    .execute();

/** The second half: the event. Rows are locked in one order everywhere: orchestration, budget, event counter. */
export const tellChange = (trx: OrganizationTransaction, row: Orchestration, event: EventType): Promise<void> =>
  appendEvent(trx, {
    organizationId: row.organization_id,
    type: event,
    orchestrationId: row.id,
    sessionId: row.session_id,
    userId: row.user_id,
    data: { status: row.status, progress: row.progress, step: row.step },
  });

/** Changes the line of a job that has ended, without touching its end, and tells it. */
export async function tellFinished(
  trx: OrganizationTransaction,
  id: string,
  set: Pick<Updateable<OrchestrationsTable>, 'step'>,
): Promise<void> {
  const row = await trx
    .updateTable('orchestrations')
    .set((eb) => ({ ...set, version: eb('version', '+', 1) }))
    .where('id', '=', id)
    .where('status', 'in', [...FINAL_STATUSES])
    .returningAll()
    .executeTakeFirst();
  if (row) await tellChange(trx, row, 'orchestration_progress');
}

/** What waits for access over this connection, and nobody has answered yet. */
export const listWaitingForConnection = (
  trx: OrganizationTransaction,
  connectionId: string,
): Promise<Orchestration[]> =>
  trx
    .selectFrom('orchestrations')
    .selectAll()
    .where('status', '=', 'awaiting_approval')
    .where(sql`approval->>'kind'`, '=', 'reconnect')
    .where(sql`approval->'plan'->'reconnect'->>'connectionId'`, '=', connectionId)
    .where(sql`approval->'decision'`, 'is', null)
    .orderBy('created_at')
    .execute();
