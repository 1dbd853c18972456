import { randomUUID } from 'node:crypto';
import type { Compilable } from 'kysely';
import type { SessionView } from '../../contracts/orchestration.ts';
import { notFound, type Principal } from '../../contracts/request.ts';
import { textsFor } from '../../contracts/texts.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import {
  listRecentMessages,
  findSession,
  sessionInsert,
  touchSession,
  upsertSlackSession,
  type Message,
} from '../../db/queries/sessions.ts';
import { listNewestOfSession } from '../../db/queries/orchestrations.ts';
import { findWithheld, refuseSession } from '../access/access.ts';
import type { DatabaseDeps } from '../deps.ts';
import { detectLanguage } from '../routing/text.ts';

const TITLE_CHARS = 80;
const HOT_MESSAGES = 100;
const HOT_JOBS = 100;

/**
 * Where a request belongs: a session that somebody names, that of work in whose thread they speak, the one of a Slack
 * thread, or a new one.
 */
export type RequestSession =
  | { readonly kind: 'known'; readonly id: string; readonly by: Principal }
  | { readonly kind: 'of-thread'; readonly id: string }
  | { readonly kind: 'thread'; readonly teamId: string; readonly channelId: string; readonly threadTs: string }
  | { readonly kind: 'new' };

interface SessionOwner {
  readonly organizationId: string;
  readonly userId: string | null;
  readonly source: 'slack' | 'rest';
  /** What it is called after when it is new. */
  readonly title: string;
}

/** The session a request belongs to. */
interface OpenedSession {
  readonly id: string;
  /** What makes a new one: statements that go along with the first that refers to it. */
  readonly statements: readonly Compilable[];
}

/** Finds the session a request belongs to, in the accepting transaction. @throws RequestError 404 */
export async function openSession(
  trx: OrganizationTransaction,
  { organizationId, userId, source, title }: SessionOwner,
  session: RequestSession,
): Promise<OpenedSession> {
  if (session.kind === 'known' || session.kind === 'of-thread') {
    if (session.kind === 'known') await refuseSession(trx, session.by, session.id, 'go-on');
    if (!(await touchSession(trx, session.id))) throw notFound('session');
    return { id: session.id, statements: [] };
  }
  const shared = { organization_id: organizationId, id: randomUUID(), user_id: userId, source };
  const row = { ...shared, title: title.trim().slice(0, TITLE_CHARS) || '…' };
  if (session.kind === 'new') return { id: row.id, statements: [sessionInsert(trx, row)] };
  const { teamId, channelId, threadTs } = session;
  const place = { slack_team_id: teamId, slack_channel_id: channelId, slack_thread_ts: threadTs };
  return { id: (await upsertSlackSession(trx, { ...row, ...place })).id, statements: [] };
}

/** A conversation with its newest messages and work. @throws RequestError 404 */
export const readSession = ({ db }: DatabaseDeps, by: Principal, id: string): Promise<SessionView> =>
  withOrganization(db, by.organizationId, async (trx) => {
    await refuseSession(trx, by, id, 'read');
    const found = await findSession(trx, id);
    if (!found) throw notFound('session');
    const messages = await listRecentMessages(trx, { sessionId: id, limit: HOT_MESSAGES });
    const jobs = await listNewestOfSession(trx, id, HOT_JOBS);
    const withheld = await findWithheld(trx, by, jobs);
    return {
      sessionId: id,
      title: found.title,
      source: found.source,
      createdAt: found.created_at.toISOString(),
      updatedAt: found.updated_at.toISOString(),
      messages: messages.map((message) => toMessageView(message, withheld)),
      jobs: jobs.map((job) => ({
        jobId: job.id,
        status: job.status,
        message: job.message_deleted_at ? textsFor(job.language).words.deletedRequest : job.message,
        createdAt: job.created_at.toISOString(),
      })),
    };
  });

const toMessageView = (
  { id, role, content, orchestration_id: jobId, created_at: createdAt }: Message,
  withheld: ReadonlySet<string>,
): SessionView['messages'][number] => {
  const isWithheld = role === 'assistant' && jobId !== null && withheld.has(jobId);
  const shown = isWithheld ? textsFor(detectLanguage(content)).withheld : content;
  return { id, role, content: shown, jobId, createdAt: createdAt.toISOString() };
};
