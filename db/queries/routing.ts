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

/** Routing decisions, the newest first, with the beginning of what was asked. */
export const listDecisions = (
  trx: OrganizationTransaction,
  viewer: Viewer,
  { limit, before, language, decidedBy }: DecisionsFilter,
  messageChars: number,
) =>
  trx
    .selectFrom('orchestrations as o')
    .select(['o.id', 'o.language', 'o.route', 'o.created_at'])
    .select(sql<string>`left(o.message, ${messageChars})`.as('message'))
    .select(sql<Unclear | null>`o.local_route->>'unclear'`.as('unclear'))
    .select(CORRECTION.as('correction'))
    .where('o.route', 'is not', null)
    .where(maySeeJob(viewer))
    .$if(before !== undefined, (query) => query.where('o.created_at', '<', new Date(before ?? 0)))
    .$if(language !== undefined, (query) => query.where('o.language', '=', language ?? 'en'))
    .$if(decidedBy !== undefined, (query) => query.where(sql`o.route->>'decidedBy'`, '=', decidedBy ?? ''))
    .orderBy('o.created_at', 'desc')
    .limit(limit)
    .execute();

export interface DecisionCount {
  readonly language: Language;
  readonly decidedBy: DecidedBy;
  readonly decisions: number;
  readonly overridden: number;
}

/** How many decisions there were since then, and how many were overridden. Requests that name their agents are none. */
export async function countDecisions(trx: OrganizationTransaction, days: number): Promise<DecisionCount[]> {
  const { rows } = await sql<DecisionCount>`
    select o.language, o.route->>'decidedBy' as "decidedBy", count(*)::int as decisions,
      count(*) filter (where ${CORRECTION} is not null)::int as overridden
    from orchestrations o
    where o.route is not null and o.route->>'decidedBy' <> 'request'
      and o.created_at > now() - make_interval(days => ${days})
    group by 1, 2 order by 1, 3 desc`.execute(trx);
  return rows;
}
