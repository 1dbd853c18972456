import { randomUUID } from 'node:crypto';
import type { SessionView } from '../../contracts/orchestration.ts';
import { notFound } from '../../contracts/request.ts';
import { isUuid, withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import {
  listRecentMessages,
  findSession,
  insertSession,
  touchSession,
  upsertSlackSession,
} from '../../db/queries/sessions.ts';
import { listOfSession } from '../../db/queries/orchestrations.ts';
import type { DatabaseDeps } from '../deps.ts';

const TITLE_CHARS = 80;
const HOT_MESSAGES = 100;

/** Where a request belongs: a session that goes on, the one of a Slack thread, or a new one. */
export type RequestSession =
  | { readonly kind: 'known'; readonly id: string }
  | { readonly kind: 'thread'; readonly teamId: string; readonly channelId: string; readonly threadTs: string }
  | { readonly kind: 'new' };

interface SessionOwner {
  readonly organizationId: string;
  readonly userId: string | null;
  readonly source: 'slack' | 'rest';
  /** What it is called after when it is new. */
  readonly title: string;
}

/** The id of the session a request belongs to, in the accepting transaction. @throws RequestError 404 */
export async function openSession(
  trx: OrganizationTransaction,
  { organizationId, userId, source, title }: SessionOwner,
  session: RequestSession,
): Promise<string> {
  if (session.kind === 'known') {
    const known = isUuid(session.id) && (await touchSession(trx, session.id));
    if (!known) throw notFound('session');
    return session.id;
  }
  const shared = { organization_id: organizationId, id: randomUUID(), user_id: userId, source };
  const row = { ...shared, title: title.trim().slice(0, TITLE_CHARS) || '…' };
  if (session.kind === 'new') {
    await insertSession(trx, row);
    return row.id;
  }
  const { teamId, channelId, threadTs } = session;
  const place = { slack_team_id: teamId, slack_channel_id: channelId, slack_thread_ts: threadTs };
  return (await upsertSlackSession(trx, { ...row, ...place })).id;
}

/** A conversation with its newest messages. @throws RequestError 404 */
export async function readSession({ db }: DatabaseDeps, organizationId: string, id: string): Promise<SessionView> {
  if (!isUuid(id)) throw notFound('session');
  return withOrganization(db, organizationId, async (trx) => {
    const found = await findSession(trx, id);
    if (!found) throw notFound('session');
    const messages = await listRecentMessages(trx, { sessionId: id, limit: HOT_MESSAGES });
    const jobs = await listOfSession(trx, id);
    return {
      sessionId: id,
      title: found.title,
      source: found.source,
      createdAt: found.created_at.toISOString(),
      updatedAt: found.updated_at.toISOString(),
      messages: messages.map((message) => ({
        id: message.id,
        role: message.role,
        content: message.content,
        jobId: message.orchestration_id,
        createdAt: message.created_at.toISOString(),
      })),
      jobs: jobs.map((job) => ({
        jobId: job.id,
        status: job.status,
        message: job.message,
        createdAt: job.created_at.toISOString(),
      })),
    };
  });
}
