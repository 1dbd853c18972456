import { sql } from 'kysely';
import { storableText } from '../../contracts/json.ts';
import type { OrganizationTransaction } from '../organization.ts';
import { appendEvent } from './events.ts';

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
 * kept says so when there is none. Answers how many of the lines were kept. Call it last in its transaction.
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
