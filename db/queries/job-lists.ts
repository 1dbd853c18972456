import { sql, type RawBuilder } from 'kysely';
import type { AgentId } from '../../contracts/agents.ts';
import type { JobStatusName } from '../../contracts/orchestration.ts';
import type { OrganizationTransaction } from '../organization.ts';
import { channelsOf, isAsked, ownWords, seesAll, type Viewer } from './access.ts';
import type { Orchestration } from './orchestrations.ts';

export interface OrchestrationFilter {
  readonly limit: number;
  readonly statuses?: readonly JobStatusName[] | undefined;
  /** One that works, or has worked, on a step. */
  readonly agent?: AgentId | undefined;
  /** Accepted at that moment or later, and before that moment. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  /** Stands in the request or in its answer, in capitals or not. */
  readonly text?: string | undefined;
  /** Older than this one. */
  readonly before?: string | undefined;
}

/** A page, and the job with which the next one goes on: null when nothing is older. */
interface JobPage {
  readonly jobs: readonly Orchestration[];
  readonly next: string | null;
}

/**
 * So many jobs are looked at for one page where a filter has no order to go by: an agent, a text, and for whoever does not
 * see all work a state. A page is then shorter than it may be, or empty, and the next one goes on from there.
 */
export const JOBS_LOOKED_AT = 1_000;

/** The newest jobs that this person may see and that fit. */
export async function listVisibleJobs(
  trx: OrganizationTransaction,
  viewer: Viewer,
  filter: OrchestrationFilter,
): Promise<JobPage> {
  const all = await seesAll(trx, viewer);
  const { limit, statuses, agent, text } = filter;
  const isSearched = agent !== undefined || text !== undefined || (statuses !== undefined && !all);
  const look = { ...filter, most: sql.lit(isSearched ? Math.max(JOBS_LOOKED_AT, limit + 1) : limit + 1) };
  const { rows } = await sql<Orchestration & { scanned: number; last: string | null }>`
    with looked as materialized (${all ? newestOfAll(look) : newestOf(viewer, look)})
    select edge.*, found.* from (
      select count(*)::int as scanned, (array_agg(id order by created_at, id))[1] as last from looked) edge
    left join lateral (
      select o.* from looked l join orchestrations o on o.id = l.id where ${fits(viewer, filter)}
      order by l.created_at desc, l.id desc limit ${sql.lit(limit + 1)}) found on true
    order by found.created_at desc, found.id desc`.execute(trx);
  // Where nothing fits there is the one row that says how far was looked.
  const found = rows.filter(({ id }) => id !== null);
  const jobs = found.slice(0, limit);
  if (found.length > limit) return { jobs, next: jobs.at(-1)?.id ?? null };
  const [edge] = rows;
  const isCut = isSearched && (edge?.scanned ?? 0) >= JOBS_LOOKED_AT;
  return { jobs, next: isCut ? (edge?.last ?? null) : null };
}

interface Look extends OrchestrationFilter {
  readonly most: RawBuilder<unknown>;
}

/** Of table `o`. */
const inRange = ({ since, until, before }: OrchestrationFilter): RawBuilder<unknown> =>
  sql.join(
    [
      sql`true`,
      ...(since ? [sql`o.created_at >= ${since}::timestamptz`] : []),
      ...(until ? [sql`o.created_at < ${until}::timestamptz`] : []),
      ...(before ? [sql`(o.created_at, o.id) < (select created_at, id from orchestrations where id = ${before})`] : []),
    ],
    sql` and `,
  );

/** Their keys only, by an index that has them in this order. */
const newest = (where: RawBuilder<unknown>, look: Look): RawBuilder<unknown> => sql`(
  select o.created_at, o.id from orchestrations o where ${where} and ${inRange(look)}
  order by o.created_at desc, o.id desc limit ${look.most})`;

const merged = (parts: readonly RawBuilder<unknown>[], { most }: Look): RawBuilder<unknown> => sql`
  select created_at, id from (${sql.join(parts, sql` union `)}) parts order by created_at desc, id desc limit ${most}`;

/** What there is, or what there is in some states, each of them for itself. */
const newestOfAll = (look: Look): RawBuilder<unknown> =>
  look.statuses
    ? merged(
        [...new Set(look.statuses)].map((status) => newest(sql`o.status = ${status}`, look)),
        look,
      )
    : newest(sql`true`, look);

/**
 * What somebody may see who does not see all, as `maySeeJob` says it of one job: of each reason the newest, so that
 * nobody's list depends on how much the others have done.
 */
function newestOf(viewer: Viewer, look: Look): RawBuilder<unknown> {
  const me = viewer.userId;
  const each = (of: RawBuilder<unknown>, where: RawBuilder<unknown>) =>
    sql`(select n.* from ${of} cross join lateral ${newest(where, look)} n)`;
  return merged(
    [
      newest(sql`o.user_id = ${me}`, look),
      each(
        sql`(select session_id from session_guests where user_id = ${me}
          union select session_id from session_guests where host_id = ${me}) s`,
        sql`o.session_id = s.session_id`,
      ),
      each(
        sql`${channelsOf(viewer)} c (team, channel)`,
        sql`o.slack_team_id = c.team and o.slack_channel_id = c.channel`,
      ),
      newest(sql`o.status = 'awaiting_approval' and ${isAsked(viewer)}`, look),
      each(
        sql`(select orchestration_id from approval_answers where user_id = ${me}) a`,
        sql`o.id = a.orchestration_id`,
      ),
    ],
    look,
  );
}

const fits = (viewer: Viewer, { statuses, agent, text }: OrchestrationFilter): RawBuilder<unknown> =>
  sql.join(
    [
      sql`true`,
      ...(statuses ? [sql`o.status = any(${[...statuses]}::text[])`] : []),
      ...(agent ? [sql`exists (select from steps s where s.orchestration_id = o.id and s.agent = ${agent})`] : []),
      ...(text ? [sql`position(lower(${text}) in lower(o.message || ' ' || ${ownWords(viewer)})) > 0`] : []),
    ],
    sql` and `,
  );
