import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { listEffects } from '../../db/queries/effects.ts';
import type { Orchestration } from '../../db/queries/orchestrations.ts';
import { type Principal, RequestError } from '../../contracts/request.ts';
import { textsFor } from '../../contracts/texts.ts';
import { findJobFor } from '../access/access.ts';
import type { Entry } from '../inbox/dispatcher.ts';
import { recordRequest, startRecorded, type AcceptDeps } from './accept.ts';

/** How work ends that did not do what was asked. */
const REPEATABLE: readonly string[] = ['failed', 'expired', 'cancelled'];

/**
 * Asks once more for what has failed, expired or was cancelled, in the same conversation. What it has changed outside
 * stays and is told to the new work as done. Asked twice it is asked once.
 * @returns the new job's id
 * @throws RequestError 404 for an unknown job, 403 when it is somebody else's, 409 when it ended otherwise or its words are gone.
 */
export async function askAgain(
  deps: AcceptDeps,
  principal: Principal,
  jobId: string,
  via: Entry['via'] = 'rest',
): Promise<string> {
  const recorded = await withOrganization(deps.db, principal.organizationId, async (trx) => {
    const job = await findJobFor(trx, principal, jobId, via);
    refuse(principal, job);
    return recordRequest(deps, trx, {
      organizationId: principal.organizationId,
      userId: principal.userId,
      source: job.source,
      message: await messageOf(trx, job),
      language: job.language,
      // Whoever asks again for somebody else says words that are not theirs.
      quotesOthers: job.quotes_others || job.user_id !== principal.userId,
      options: job.options,
      keys: [`again:${job.id}`],
      session: { kind: 'of-thread', id: job.session_id },
      ...slackOf(job),
    });
  });
  startRecorded(deps, recorded);
  return recorded.orchestration.id;
}

function refuse({ role, userId }: Principal, job: Orchestration): void {
  if (role === 'guest' || (role !== 'admin' && userId !== job.user_id))
    throw new RequestError(
      'forbidden',
      'Only the person who asked or an admin may ask again.',
      undefined,
      'not_theirs',
    );
  if (!REPEATABLE.includes(job.status) || job.refusal)
    throw new RequestError('conflict', `The job is ${job.status}: there is nothing to repeat.`);
  if (job.message_deleted_at) throw new RequestError('conflict', 'The request was deleted. Please write it again.');
}

const slackOf = ({
  slack_team_id: teamId,
  slack_channel_id: channelId,
  slack_thread_ts: threadTs,
  ...job
}: Orchestration) =>
  teamId && channelId && threadTs ? { slack: { teamId, channelId, threadTs, messageTs: job.slack_message_ts } } : {};

/** The words of the request, and what is done already, by any of the tries. */
async function messageOf(trx: OrganizationTransaction, { id, message, language }: Orchestration): Promise<string> {
  const { words } = textsFor(language);
  const kept = (await listEffects(trx, id)).filter(
    ({ state, undo_state }) => (state === 'DONE' || state === 'UNKNOWN') && undo_state !== 'DONE',
  );
  if (kept.length === 0) return message;
  const lines = kept.map(({ tool, resource, state }) => {
    const open = state === 'UNKNOWN' ? `(${words.mayHaveHappened})` : undefined;
    return `> ${[tool, resource?.url ?? resource?.id, open].filter(Boolean).join(' ')}`;
  });
  return [message, ...(message.includes(words.alreadyDone) ? [] : ['', words.alreadyDone]), ...lines].join('\n');
}
