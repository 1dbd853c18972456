import { sql, type RawBuilder } from 'kysely';
import type { OrganizationTransaction } from '../organization.ts';
import type { Healing } from './healing.ts';
import type { Message } from './sessions.ts';
import type { Orchestration } from './orchestrations.ts';
import type { DefaultLimits } from './budget.ts';
import { pressureOf, type Pressure } from './pressure.ts';
import type { Steering } from './steering.ts';
import type { StepForWork } from './steps.ts';

/** What was said before in the session, as a model is told it. */
type EarlierMessage = Pick<Message, 'role' | 'content' | 'orchestration_id'>;

export interface TurnContextRow extends Orchestration {
  /** Oldest first; words that were refused are left out. */
  readonly history: readonly EarlierMessage[];
  /** The stored answer of the turn; null while there is none. */
  readonly answer: string | null;
  /** How tight the money is of whoever asked. */
  readonly money: Pressure;
}

export interface StepContextRow extends TurnContextRow {
  /** All steps by position; only the one that is worked on comes with its instruction. */
  readonly steps: readonly StepForWork[];
  /** Messages of people that the step takes up, oldest first. */
  readonly steering: readonly Pick<Steering, 'id' | 'message' | 'user_id'>[];
  /** What was decided about the failure before this attempt. */
  readonly lesson: Pick<Healing, 'root_cause' | 'detail'> | null;
  /** The organization's own skills without their texts. */
  readonly skills: readonly { readonly name: string; readonly description: string }[];
  /** The conversation, or the answers that the step builds on, came from a tainted step or call. */
  readonly tainted: boolean;
}

interface TurnQuery {
  readonly orchestrationId: string;
  readonly turnKey: string;
  /** Newest messages of the session that are read. */
  readonly maxMessages: number;
  /** Limits where the organization has set none. */
  readonly defaultLimits: DefaultLimits;
}

interface StepQuery extends TurnQuery {
  readonly step: string;
  /** 0 is the first try: it has no lesson, and takes up no messages of tries before. */
  readonly attempt: number;
  readonly steering: readonly string[];
  readonly buildsOnOthers: boolean;
}

/** What every turn of a model is prepared from, in one statement. Throws when the orchestration is not there. */
export const findTurnContext = (trx: OrganizationTransaction, query: TurnQuery): Promise<TurnContextRow> =>
  find<TurnContextRow>(trx, query, sql``);

/** As `findTurnContext`, with all that a step is told beyond the request. */
export const findStepContext = (trx: OrganizationTransaction, query: StepQuery): Promise<StepContextRow> => {
  const { step, attempt, steering, buildsOnOthers } = query;
  return find<StepContextRow>(
    trx,
    query,
    sql`,
    (select coalesce(json_agg(s order by s.position), '[]'::json) from (
      select id, title, agent, status, revision, position, kind, category, needs, turn_key, tool, tainted, cost_nanos,
        case when id = ${step} then instruction else '' end as instruction
      from steps where orchestration_id = o.id) s) as steps,
    (select coalesce(json_agg(json_build_object('id', id, 'message', message, 'user_id', user_id) order by created_at), '[]'::json)
      from steering where orchestration_id = o.id
        and (id::text = any(${[...steering]}::text[]) or (${attempt}::int > 0 and step_id = ${step}))) as steering,
    (select json_build_object('root_cause', root_cause, 'detail', detail) from healing
      where orchestration_id = o.id and step_id = ${step} and attempt = ${attempt}::int and attempt > 0) as lesson,
    (select coalesce(json_agg(json_build_object('name', name, 'description', description)), '[]'::json)
      from skills) as skills,
    exists (select from steps s where s.tainted
        and (s.orchestration_id = any(h.orchestrations) or (${buildsOnOthers} and s.orchestration_id = o.id)))
      or exists (select from tool_calls t where t.step_id is null and t.result is not null
        and (t.orchestration_id = any(h.orchestrations) or (${buildsOnOthers} and t.orchestration_id = o.id)))
      or ${othersWords(sql`h.orchestrations`)}
      as tainted`,
  );
};

/**
 * Whether job `o` is told words of anybody but its asker: of jobs of the same conversation, or said to it while it runs.
 */
const othersWords = (conversation: RawBuilder<unknown>): RawBuilder<unknown> => sql`
  (exists (select from orchestrations p where p.id = any(${conversation}) and p.user_id is distinct from o.user_id)
    or exists (select from steering s
      where s.orchestration_id = o.id and s.status <> 'dropped' and s.user_id is distinct from o.user_id))`;

/** Whether a job that is told of these others is told words of anybody but its asker. */
export async function hasOthersWords(
  trx: OrganizationTransaction,
  orchestrationId: string,
  conversation: readonly string[],
): Promise<boolean> {
  const { rows } = await sql`select from orchestrations o
    where o.id = ${orchestrationId} and ${othersWords(sql`${[...conversation]}::uuid[]`)}`.execute(trx);
  return rows.length > 0;
}

async function find<Row>(
  trx: OrganizationTransaction,
  { orchestrationId, turnKey, maxMessages, defaultLimits }: TurnQuery,
  more: RawBuilder<unknown>,
): Promise<Row> {
  const { rows } = await sql<Row>`
    select o.*, h.messages as history,
      (select content from model_turns where orchestration_id = o.id and turn_key = ${turnKey}) as answer,
      ${pressureOf({ userId: sql.ref('o.user_id'), orchestrationId: sql.ref('o.id') }, defaultLimits)} as money ${more}
    from orchestrations o cross join lateral (
      select coalesce(json_agg(json_build_object('role', role, 'content', content, 'orchestration_id', orchestration_id)
          order by created_at), '[]'::json) as messages,
        coalesce(array_agg(orchestration_id) filter (where orchestration_id is not null), '{}') as orchestrations
      from (
        select role, content, orchestration_id, created_at from messages m
        where session_id = o.session_id and orchestration_id is distinct from o.id and not exists (
          select from orchestrations r where r.id = m.orchestration_id and r.refusal is not null)
        order by created_at desc limit ${maxMessages}) newest) h
    where o.id = ${orchestrationId}`.execute(trx);
  const [row] = rows;
  if (!row) throw new Error(`There is no orchestration ${orchestrationId}.`);
  return row;
}
