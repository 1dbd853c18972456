import { sql } from 'kysely';
import type { AgentId, Language } from '../../contracts/agents.ts';
import type { DecidedBy } from '../../contracts/routing.ts';
import type { OrganizationTransaction } from '../organization.ts';

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
  { limit, before, language, decidedBy }: DecisionsFilter,
  messageChars: number,
) =>
  trx
    .selectFrom('orchestrations as o')
    .select(['o.id', 'o.language', 'o.route', 'o.created_at'])
    .select(sql<string>`left(o.message, ${messageChars})`.as('message'))
    .select(CORRECTION.as('correction'))
    .where('o.route', 'is not', null)
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
