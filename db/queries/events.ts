import { sql } from 'kysely';
import type { EventType, OrganizationEvent } from '../../contracts/events.ts';
import type { OrganizationTransaction } from '../organization.ts';
import { tellAtCommit } from '../connection.ts';
import { storableText } from '../../contracts/json.ts';

interface NewEvent {
  readonly organizationId: string;
  readonly type: EventType;
  readonly orchestrationId: string | null;
  readonly sessionId: string | null;
  readonly userId: string | null;
  readonly data: Record<string, unknown>;
}

/**
 * Appends the next event of the organization with the commit. The counter's row is locked until then, so the order of
 * ids is the order of commits and a reader that saw id n has seen all before it.
 */
export function appendEvent(trx: OrganizationTransaction, event: NewEvent): Promise<void> {
  tellAtCommit(trx, event);
  return Promise.resolve();
}

interface EventFilter {
  readonly afterId: number;
  /** Of the event of that id, or of an earlier one: what is older cannot come after it, so it is not looked for. */
  readonly since?: string | undefined;
  readonly orchestrationId?: string;
  readonly limit: number;
}

/** Nothing is newer than the organization's counter knows; with it the partitions of the coming days are left out. */
const NEWEST_AT = sql<Date>`(select last_at from event_counters)`;

/** Events after an id, oldest first. Only those partitions are read that can hold some. */
export async function listEvents(trx: OrganizationTransaction, filter: EventFilter): Promise<StoredEvent[]> {
  const rows = await trx
    .selectFrom('events')
    .selectAll()
    .where('id', '>', filter.afterId)
    .where('created_at', '<=', NEWEST_AT)
    .$if(filter.since !== undefined, (query) =>
      query.where('created_at', '>=', sql<Date>`${filter.since}::timestamptz`),
    )
    .$if(filter.orchestrationId !== undefined, (query) =>
      query.where('orchestration_id', '=', filter.orchestrationId ?? null),
    )
    .orderBy('id')
    .limit(filter.limit)
    .execute();
  return rows.map((row) => ({
    userId: row.user_id,
    event: {
      id: row.id,
      type: row.type,
      at: row.created_at.toISOString(),
      jobId: row.orchestration_id,
      sessionId: row.session_id,
      ...row.data,
    },
  }));
}

export interface StoredEvent {
  readonly userId: string | null;
  readonly event: OrganizationEvent;
}

/** An event, or the place before the first one. */
export interface EventPlace {
  readonly id: number;
  /** When it was written, or earlier; undefined where that is not known. */
  readonly at?: string | undefined;
}

/** The newest event that the organization has. */
export async function newestEvent(trx: OrganizationTransaction): Promise<EventPlace> {
  const counter = await trx.selectFrom('event_counters').select(['last_id', 'last_at']).executeTakeFirst();
  return { id: counter?.last_id ?? 0, at: counter?.last_at.toISOString() };
}

/** The oldest event that can still be replayed; null when nothing is kept. */
export async function oldestEventId(trx: OrganizationTransaction): Promise<number | null> {
  const kept = await trx
    .selectFrom('events')
    .select(({ fn }) => fn.min('id').as('oldest'))
    .executeTakeFirst();
  return kept?.oldest ?? null;
}

/** Lines that are kept of one job, over all of its delegated tasks. */
export const MAX_LOG_LINES = 500;
const NO_MORE = '… further lines are not kept';

interface NewDelegationLog {
  readonly organizationId: string;
  readonly orchestrationId: string;
  readonly tool: string;
  readonly callId: string;
  readonly lines: readonly string[];
}

/**
 * Appends live log lines of a delegated task as one event, as long as the job has room for more; the last line that is
 * kept says so when there is none. Answers how many of the lines were kept.
 */
export async function insertDelegationLog(trx: OrganizationTransaction, log: NewDelegationLog): Promise<number> {
  const { organizationId, orchestrationId, tool, callId } = log;
  // The job's row is locked, so that two tasks of a job do not both take the last of the room.
  const job = await trx
    .selectFrom('orchestrations')
    .select(['session_id', 'user_id'])
    .where('id', '=', orchestrationId)
    .forNoKeyUpdate()
    .executeTakeFirst();
  const room = job ? MAX_LOG_LINES - (await countLines(trx, orchestrationId)) : 0;
  if (!job || room <= 0 || log.lines.length === 0) return 0;
  const fits = log.lines.length < room;
  const kept = fits ? log.lines : log.lines.slice(0, room - 1);
  const lines = [...kept.map(storableText), ...(fits ? [] : [NO_MORE])];
  await appendEvent(trx, {
    organizationId,
    type: 'delegation_log',
    orchestrationId,
    sessionId: job.session_id,
    userId: job.user_id,
    data: { data: { tool, callId, lines } },
  });
  return kept.length;
}

async function countLines(trx: OrganizationTransaction, orchestrationId: string): Promise<number> {
  const { rows } = await sql<{ lines: number }>`
    select coalesce(sum(jsonb_array_length(data -> 'data' -> 'lines')), 0)::int as lines from events
    where orchestration_id = ${orchestrationId} and type = 'delegation_log'`.execute(trx);
  return rows[0]?.lines ?? 0;
}
