import { sql, type Insertable, type Selectable, type Updateable } from 'kysely';
import type { OrganizationTransaction } from '../organization.ts';
import type { EffectState } from '../../contracts/effects.ts';
import type { ToolCallsTable } from '../tables/tools.ts';

export type ToolCall = Selectable<ToolCallsTable>;

/** Safe to repeat: the calls of a turn are written with its answer. */
export const insertToolCalls = (trx: OrganizationTransaction, rows: readonly Insertable<ToolCallsTable>[]) =>
  trx
    .insertInto('tool_calls')
    .values([...rows])
    .onConflict((conflict) => conflict.doNothing())
    .execute();

export const findToolCall = (
  trx: OrganizationTransaction,
  { orchestrationId, id }: { orchestrationId: string; id: string },
): Promise<ToolCall | undefined> =>
  trx
    .selectFrom('tool_calls')
    .selectAll()
    .where('orchestration_id', '=', orchestrationId)
    .where('id', '=', id)
    .executeTakeFirst();

/** The calls of some turns, in the order in which the model wanted them. */
export const listCallsOfTurns = (
  trx: OrganizationTransaction,
  orchestrationId: string,
  turnKeys: readonly string[],
): Promise<ToolCall[]> =>
  turnKeys.length === 0
    ? Promise.resolve([])
    : trx
        .selectFrom('tool_calls')
        .selectAll()
        .where('orchestration_id', '=', orchestrationId)
        // One parameter however many there are, so that it stays one prepared statement.
        .where('turn_key', '=', sql<string>`any(${[...turnKeys]}::text[])`)
        .orderBy('position')
        .execute();

/** Calls of the same turn before this one that are the same in tool and arguments. */
export async function countIdenticalBefore(
  trx: OrganizationTransaction,
  call: Pick<ToolCall, 'orchestration_id' | 'turn_key' | 'position' | 'tool' | 'arguments_hash'>,
): Promise<number> {
  if (call.turn_key === null || call.position === 0) return 0;
  const { count } = await trx
    .selectFrom('tool_calls')
    .select(sql<number>`count(*)::int`.as('count'))
    .where('orchestration_id', '=', call.orchestration_id)
    .where('turn_key', '=', call.turn_key)
    .where('position', '<', call.position)
    .where('tool', '=', call.tool)
    .where('arguments_hash', '=', call.arguments_hash)
    .executeTakeFirstOrThrow();
  return count;
}

/** A call with what the ledger knows of its change; null where it changed nothing. */
export type CallWithEffect = Pick<
  ToolCall,
  'step_id' | 'turn_key' | 'tool' | 'arguments' | 'arguments_hash' | 'status' | 'result'
> & { readonly effect: EffectState | null };

/** What some steps have called, whichever try it was, the oldest first. */
export const listCallsOfSteps = (
  trx: OrganizationTransaction,
  orchestrationId: string,
  steps: readonly string[],
): Promise<CallWithEffect[]> =>
  steps.length === 0
    ? Promise.resolve([])
    : trx
        .selectFrom('tool_calls as c')
        .leftJoin('effects as e', (join) =>
          join.onRef('e.organization_id', '=', 'c.organization_id').onRef('e.key', '=', 'c.effect_key'),
        )
        .select([
          'c.step_id',
          'c.turn_key',
          'c.tool',
          'c.arguments',
          'c.arguments_hash',
          'c.status',
          'c.result',
          'e.state as effect',
        ])
        .where('c.orchestration_id', '=', orchestrationId)
        .where('c.step_id', '=', sql<string>`any(${[...steps]}::text[])`)
        .orderBy('c.created_at')
        .orderBy('c.position')
        .execute();

export const listCallsById = (
  trx: OrganizationTransaction,
  orchestrationId: string,
  ids: readonly string[],
): Promise<ToolCall[]> =>
  trx
    .selectFrom('tool_calls')
    .selectAll()
    .where('orchestration_id', '=', orchestrationId)
    .where('id', 'in', [...ids])
    .orderBy('position')
    .execute();

const ENDED = ['done', 'failed', 'declined', 'cancelled'] as const;

/** Changes a call that has not ended; an end is final. Answers whether it was changed. */
export async function setToolCall(
  trx: OrganizationTransaction,
  { orchestrationId, id }: { orchestrationId: string; id: string },
  set: Updateable<ToolCallsTable>,
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('tool_calls')
    .set(set)
    .where('orchestration_id', '=', orchestrationId)
    .where('id', '=', id)
    .where('status', 'not in', [...ENDED])
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** A human has approved the question that showed these calls, with exactly these arguments. */
export const approveCalls = (
  trx: OrganizationTransaction,
  { orchestrationId, approvalId }: { orchestrationId: string; approvalId: string },
) =>
  trx
    .updateTable('tool_calls')
    .set({ approved: true })
    .where('orchestration_id', '=', orchestrationId)
    .where('approval_id', '=', approvalId)
    .execute();

/** The job is over: calls that never came to an end will not. */
export const cancelOpenCalls = (trx: OrganizationTransaction, orchestrationId: string) =>
  trx
    .updateTable('tool_calls')
    .set({ status: 'cancelled', finished_at: new Date().toISOString() })
    .where('orchestration_id', '=', orchestrationId)
    .where('status', 'in', ['pending', 'waiting', 'running'])
    .execute();

/**
 * What other connections have answered, as a step knows it: its own calls' answers, or with `step` null those of the
 * whole orchestration, and those of earlier ones in the conversation.
 */
export async function listAnswersOfOthers(
  trx: OrganizationTransaction,
  of: {
    readonly connectionId: string;
    readonly orchestrationId: string;
    readonly step: string | null;
    readonly conversation: readonly string[];
  },
): Promise<string[]> {
  const { rows } = await sql<{ text: string }>`
    select left(result::text, 100000) as text from tool_calls
    where (orchestration_id = any(${[...of.conversation]}::uuid[])
        or (orchestration_id = ${of.orchestrationId} and (${of.step}::text is null or step_id = ${of.step})))
      and connection_id is not null and connection_id::text <> ${of.connectionId} and result is not null
    order by created_at desc limit 100`.execute(trx);
  return rows.map(({ text }) => text);
}

/** Whether untrusted text has been part of what these orchestrations did. */
export async function isAnyTainted(
  trx: OrganizationTransaction,
  orchestrationIds: readonly string[],
): Promise<boolean> {
  if (orchestrationIds.length === 0) return false;
  const these = sql<string>`any(${[...orchestrationIds]}::uuid[])`;
  const found = await trx
    .selectFrom('steps')
    .select('id')
    .where('orchestration_id', '=', these)
    .where('tainted', '=', true)
    // A call that a person has named stands in no step, and its answer is the job's.
    .unionAll(
      trx
        .selectFrom('tool_calls')
        .select('id')
        .where('orchestration_id', '=', these)
        .where('step_id', 'is', null)
        .where('result', 'is not', null),
    )
    .limit(1)
    .executeTakeFirst();
  return found !== undefined;
}
