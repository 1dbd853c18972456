import { sql, type Insertable, type Selectable } from 'kysely';
import type { OrganizationTransaction } from '../organization.ts';
import { maySeeJob, type Viewer } from './access.ts';
import type { RoutingOverridesTable } from '../tables/routing.ts';
import type { AgentId, Language } from '../../contracts/agents.ts';
import type { DecidedBy } from '../../contracts/routing.ts';
import type { Unclear } from '../../contracts/orchestration.ts';

export type RoutingOverride = Selectable<RoutingOverridesTable>;

/** The newest overrides, which are those that count. */
export const listOverrides = (trx: OrganizationTransaction, limit: number): Promise<RoutingOverride[]> =>
  trx.selectFrom('routing_overrides').selectAll().orderBy('created_at', 'desc').limit(limit).execute();

/** A later override of the same text takes the place of the earlier one; what the model thought of it is forgotten. */
export async function putOverride(
  trx: OrganizationTransaction,
  row: Insertable<RoutingOverridesTable>,
): Promise<RoutingOverride> {
  await forget(trx, row.organization_id, row.text_hash);
  return trx
    .insertInto('routing_overrides')
    .values(row)
    .onConflict((conflict) =>
      conflict.columns(['organization_id', 'text_hash']).doUpdateSet((eb) => ({
        id: eb.ref('excluded.id'),
        text: eb.ref('excluded.text'),
        language: eb.ref('excluded.language'),
        agents: eb.ref('excluded.agents'),
        orchestration_id: eb.ref('excluded.orchestration_id'),
        user_id: eb.ref('excluded.user_id'),
        created_at: sql<string>`now()`,
      })),
    )
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Undefined when there is none. */
export async function deleteOverride(
  trx: OrganizationTransaction,
  { organizationId, id }: { organizationId: string; id: string },
): Promise<RoutingOverride | undefined> {
  const gone = await trx.deleteFrom('routing_overrides').where('id', '=', id).returningAll().executeTakeFirst();
  if (gone) await forget(trx, organizationId, gone.text_hash);
  return gone;
}

/** Every API process reads the overrides again with its next request. */
async function forget(trx: OrganizationTransaction, organizationId: string, textHash: string): Promise<void> {
  await trx
    .insertInto('routing_versions')
    .values({ organization_id: organizationId, version: 1 })
    .onConflict((conflict) =>
      conflict.column('organization_id').doUpdateSet((eb) => ({ version: eb('routing_versions.version', '+', 1) })),
    )
    .execute();
  await trx.deleteFrom('routing_cache').where('text_hash', '=', textHash).execute();
}

/**
 * The override that speaks against the decision of orchestration `o`: of its job or its words, for other agents. A
 * decision that followed the override is not overridden by it.
 */
const CORRECTION = sql<{ overrideId: string; agents: AgentId[] } | null>`(
  select jsonb_build_object('overrideId', v.id, 'agents', v.agents) from routing_overrides v
  where (v.orchestration_id = o.id or v.text_hash = o.local_route->>'textHash')
    and not (v.agents @> jsonb_path_query_array(o.route, '$.agents[*].agent')
      and v.agents <@ jsonb_path_query_array(o.route, '$.agents[*].agent'))
  order by v.created_at desc limit 1)`;

interface DecisionsFilter {
  readonly limit: number;
  readonly before?: string;
  readonly language?: Language;
  readonly decidedBy?: DecidedBy;
}

/** So many requests are looked at for one page of decisions; with a filter it may be shorter, and the next one goes on. */
export const DECISIONS_LOOKED_AT = 2_000;

/**
 * Routing decisions, the newest first, with the beginning of what was asked; and the moment before which the next page
 * goes on, null when nothing is older.
 */
export async function listDecisions(
  trx: OrganizationTransaction,
  viewer: Viewer,
  { limit, before, language, decidedBy }: DecisionsFilter,
  messageChars: number,
) {
  const looked = trx
    .selectFrom('orchestrations')
    .selectAll()
    .select(sql<string>`to_char(created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`.as('moment'))
    .$if(before !== undefined, (query) => query.where('created_at', '<', sql<Date>`${before}::timestamptz`))
    .orderBy('created_at', 'desc')
    .limit(sql.lit(DECISIONS_LOOKED_AT));
  const rows = await trx
    .selectFrom(looked.as('o'))
    .select(['o.id', 'o.language', 'o.route', 'o.created_at', 'o.moment'])
    .select(sql<string>`left(o.message, ${messageChars})`.as('message'))
    .select(sql<Unclear | null>`o.local_route->>'unclear'`.as('unclear'))
    .select(CORRECTION.as('correction'))
    .where('o.route', 'is not', null)
    .where(maySeeJob(viewer))
    .$if(language !== undefined, (query) => query.where('o.language', '=', language ?? 'en'))
    .$if(decidedBy !== undefined, (query) => query.where(sql`o.route->>'decidedBy'`, '=', decidedBy ?? ''))
    .orderBy('o.created_at', 'desc')
    .limit(limit + 1)
    .execute();
  const decisions = rows.slice(0, limit);
  if (rows.length > limit) return { decisions, next: decisions.at(-1)?.moment ?? null };
  const edge = await trx
    .selectFrom(looked.as('o'))
    .select('o.moment')
    .orderBy('o.created_at', 'desc')
    .offset(DECISIONS_LOOKED_AT - 1)
    .executeTakeFirst();
  return { decisions, next: edge?.moment ?? null };
}

export interface DecisionCount {
  readonly language: Language;
  readonly decidedBy: DecidedBy;
  readonly decisions: number;
  readonly overridden: number;
}

/**
 * Of the newest `most` requests since then: how many decisions there were, and how many were overridden, as `CORRECTION`
 * says. Requests that name their agents are none. Overrides are few, so they are looked for from their side.
 */
export async function countDecisions(
  trx: OrganizationTransaction,
  { days, most }: { readonly days: number; readonly most: number },
): Promise<DecisionCount[]> {
  const { rows } = await sql<DecisionCount>`
    with newest as materialized (
      select id, language, route->>'decidedBy' as decided_by, local_route->>'textHash' as text_hash, route
      from orchestrations where created_at > now() - make_interval(days => ${days})
      order by created_at desc limit ${sql.lit(most)}),
    overridden as (
      select n.id from newest n join (
          select n.id, v.agents from newest n join routing_overrides v on v.orchestration_id = n.id
          union all select n.id, v.agents from newest n join routing_overrides v on v.text_hash = n.text_hash
        ) v on v.id = n.id
      where not (v.agents @> jsonb_path_query_array(n.route, '$.agents[*].agent')
        and v.agents <@ jsonb_path_query_array(n.route, '$.agents[*].agent')))
    select language, decided_by as "decidedBy", count(*)::int as decisions,
      count(*) filter (where id in (select id from overridden))::int as overridden
    from newest where route is not null and decided_by <> 'request'
    group by 1, 2 order by 1, 3 desc`.execute(trx);
  return rows;
}
