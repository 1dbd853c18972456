import { sql, type Selectable } from 'kysely';
import { DELEGATE_CONNECTION, type ToolResult } from '../../contracts/tools.ts';
import type { OrganizationTransaction } from '../organization.ts';
import type { EffectsTable, ToolCallsTable } from '../tables/tools.ts';

/** A call as doors show it, with the name of its connection. */
export type ShownCall = Pick<
  Selectable<ToolCallsTable>,
  | 'orchestration_id'
  | 'id'
  | 'step_id'
  | 'tool'
  | 'arguments'
  | 'risk'
  | 'tainted'
  | 'status'
  | 'progress'
  | 'started_at'
  | 'finished_at'
> & {
  readonly connection: string | null;
  readonly result?: ToolResult | null;
  /** Its connection is one person's own. */
  readonly personal: boolean;
};

/** An effect as doors show it, with the name of its connection. */
export type ShownEffect = Pick<
  Selectable<EffectsTable>,
  | 'key'
  | 'orchestration_id'
  | 'step_id'
  | 'call_id'
  | 'tool'
  | 'arguments'
  | 'state'
  | 'settled_by'
  | 'resource'
  | 'attempts'
  | 'detail'
  | 'undoable'
  | 'undo_state'
  | 'undo_losses'
  | 'claimed_at'
  | 'settled_at'
> & { readonly connection: string | null; readonly personal: boolean };

/**
 * Whether a call (`t`) went over a personal connection (`c`). One that has been deleted since may have been personal; coding
 * agents belong to nobody and stand in no row.
 */
export const IS_PERSONAL = sql<boolean>`(t.connection_id is not null and t.connection_id <> ${DELEGATE_CONNECTION}
  and (c.id is null or c.user_id is not null))`;

const SHOWN = [
  't.orchestration_id',
  't.id',
  't.step_id',
  't.tool',
  't.risk',
  't.tainted',
  't.status',
  't.progress',
  't.started_at',
  't.finished_at',
] as const;

/** Longer arguments are shown cut in a job's status; `listCalls` has them whole. */
const SHORT_ARGUMENTS = 2_000;

/** The newest calls of each of these orchestrations, in the order they were made, without results. */
export const listCallsOf = (
  trx: OrganizationTransaction,
  ids: readonly string[],
  each: number,
): Promise<ShownCall[]> => {
  const newest = trx
    .selectFrom('tool_calls as t')
    .select([
      ...SHOWN,
      't.connection_id',
      't.created_at',
      't.position',
      sql<Record<string, unknown>>`case when octet_length(t.arguments::text) <= ${SHORT_ARGUMENTS} then t.arguments
        else jsonb_build_object('…', left(t.arguments::text, ${SHORT_ARGUMENTS / 2})) end`.as('arguments'),
      sql<number>`row_number() over (partition by t.orchestration_id
        order by t.created_at desc, t.position desc, t.id desc)`.as('nth'),
    ])
    .where('t.orchestration_id', 'in', [...ids]);
  return trx
    .selectFrom(newest.as('t'))
    .leftJoin('connections as c', 'c.id', 't.connection_id')
    .select([...SHOWN, 't.arguments', 'c.name as connection', IS_PERSONAL.as('personal')])
    .where('t.nth', '<=', each)
    .orderBy('t.created_at')
    .orderBy('t.position')
    .orderBy('t.id')
    .execute();
};

/** All calls of an orchestration with what they answered, in the order they were made. */
export const listCalls = (
  trx: OrganizationTransaction,
  orchestrationId: string,
  limit: number,
): Promise<(ShownCall & { readonly effect_key: string | null })[]> =>
  trx
    .selectFrom('tool_calls as t')
    .leftJoin('connections as c', 'c.id', 't.connection_id')
    .select([...SHOWN, 't.arguments', 't.result', 't.effect_key', 'c.name as connection', IS_PERSONAL.as('personal')])
    .where('t.orchestration_id', '=', orchestrationId)
    .orderBy('t.created_at')
    .orderBy('t.position')
    .orderBy('t.id')
    .limit(limit)
    .execute();

/** All that an orchestration has changed or wanted to change outside, in the order of the claims. */
export const listEffects = (trx: OrganizationTransaction, orchestrationId: string): Promise<ShownEffect[]> =>
  trx
    .selectFrom('effects as e')
    .leftJoin('connections as c', 'c.id', 'e.connection_id')
    .select([
      'e.key',
      'e.orchestration_id',
      'e.step_id',
      'e.call_id',
      'e.tool',
      'e.arguments',
      'e.state',
      'e.settled_by',
      'e.resource',
      'e.attempts',
      'e.detail',
      'e.undoable',
      'e.undo_state',
      'e.undo_losses',
      'e.claimed_at',
      'e.settled_at',
      'c.name as connection',
      sql<boolean>`(e.connection_id <> ${DELEGATE_CONNECTION} and (c.id is null or c.user_id is not null))`.as(
        'personal',
      ),
    ])
    .where('e.orchestration_id', '=', orchestrationId)
    .orderBy('e.sequence')
    .execute();

export interface CountedEffects {
  readonly orchestration_id: string;
  readonly done: number;
  readonly unknown: number;
  readonly undoable: number;
}

/** What can still be taken back: done for certain, and not taken back nor being taken back. */
const UNDOABLE = sql<boolean>`state = 'DONE' and undoable and (undo_state is null or undo_state in ('FAILED', 'UNKNOWN', 'ASK'))`;

/** One row for each of these orchestrations that has effects. */
export const countEffects = (trx: OrganizationTransaction, ids: readonly string[]): Promise<CountedEffects[]> =>
  trx
    .selectFrom('effects')
    .select(({ fn }) => [
      'orchestration_id',
      sql<number>`${fn.countAll().filterWhere('state', '=', 'DONE')}::int`.as('done'),
      sql<number>`${fn.countAll().filterWhere('state', '=', 'UNKNOWN')}::int`.as('unknown'),
      sql<number>`${fn.countAll().filterWhere(UNDOABLE)}::int`.as('undoable'),
    ])
    .where('orchestration_id', 'in', [...ids])
    .groupBy('orchestration_id')
    .execute();

/** Why a tool of this name cannot be called by this person now; undefined when they have none of that name. */
export const findToolState = (
  trx: OrganizationTransaction,
  { name, userId }: { readonly name: string; readonly userId: string },
) =>
  trx
    .selectFrom('connection_tools as t')
    .innerJoin('connections as c', 'c.id', 't.connection_id')
    .select(['t.state', 'c.id as connectionId', 'c.name as connection', 'c.enabled', 'c.health', 'c.last_error'])
    .where('t.name', '=', name)
    .where('t.state', '<>', 'removed')
    .where((eb) => eb.or([eb('c.user_id', 'is', null), eb('c.user_id', '=', userId)]))
    .orderBy('c.user_id', (order) => order.desc().nullsLast())
    .limit(1)
    .executeTakeFirst();
