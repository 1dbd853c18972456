import type { ButtonAction } from '../../contracts/answer-words.ts';
import { STEERING_LIMITS } from '../../contracts/steering.ts';
import { isFinal } from '../../contracts/orchestration.ts';
import { textsFor } from '../../contracts/texts.ts';
import { withSlackWorkspace } from '../../db/organization.ts';
import { findWorkspace, slackIdsOf } from '../../db/queries/organizations.ts';
import { changeOrchestration, tellFinished } from '../../db/queries/orchestrations.ts';
import { listWaitingIn, setLost } from '../../db/queries/slack.ts';
import { forgetRequestWords, listAskedBy, setEdited } from '../../db/queries/threads.ts';
import type { DatabaseDeps, WakeDeps } from '../deps.ts';
import type { LostPlace } from '../reports/slack-port.ts';
import type { ThreadReply } from './handle-message.ts';

/** What has become of a message that is there. */
export interface MessageChange {
  readonly channelId: string;
  /** The message's own. */
  readonly ts: string;
  /** Whose message it is. */
  readonly slackUserId: string;
  /** The new words; undefined when it was deleted. */
  readonly text: string | undefined;
}

/**
 * Takes up that a person has edited or deleted a message that asked for work. New words are kept and offered; what was
 * deleted is shown to nobody any more, and its work goes on until somebody ends it. The author is told, nothing starts.
 */
export async function changeMessage(
  deps: DatabaseDeps & WakeDeps,
  teamId: string,
  parse: (botUserId: string) => MessageChange | undefined,
): Promise<ThreadReply | undefined> {
  const told = await withSlackWorkspace(deps.db, teamId, async (trx) => {
    const workspace = await findWorkspace(trx, teamId);
    const change = workspace && parse(workspace.botUserId);
    const jobs = change ? await listAskedBy(trx, change) : [];
    const job = jobs.at(-1);
    if (!change || !job) return undefined;
    const { organization_id: organizationId, id, language, step, slack_thread_ts: threadTs } = job;
    const { words } = textsFor(language);
    const ends = isFinal(job.status);
    const where = { channelId: change.channelId, threadTs: threadTs ?? change.ts, slackUserId: change.slackUserId };
    const button = (action: ButtonAction, value: string) => ({ action, label: words.buttons[action], value });
    if (change.text === undefined) {
      for (const one of jobs) {
        await forgetRequestWords(trx, one, words.deletedRequest);
        if (isFinal(one.status)) await tellFinished(trx, one.id, { step: one.step });
        else await changeOrchestration(trx, { organizationId, id: one.id, set: {}, event: 'orchestration_progress' });
      }
      const reply = ends
        ? undefined
        : {
            message: { ...where, ts: `${change.ts}:deleted` },
            text: words.deleted,
            buttons: [button('cancel_job', id)],
          };
      return { organizationId, reply };
    }
    const [asker] = await slackIdsOf(trx, job.user_id ? [job.user_id] : []);
    if (ends || asker !== change.slackUserId || change.text === '') return undefined;
    const fits = words.editedSteer(change.text).length <= STEERING_LIMITS.messageChars;
    await setEdited(trx, id, fits ? change.text : null);
    const text = fits ? words.edited : words.editTooLong;
    const message = { ...where, ts: `${change.ts}:${step}:${change.text.length}` };
    return { organizationId, reply: { message, text, ...(fits && { buttons: [button('use_edit', id)] }) } };
  });
  if (told) deps.wakeReaders(told.organizationId);
  return told?.reply;
}

/** A channel in which we can write nothing any more, and why. */
export interface LostChannel {
  readonly channelId: string;
  readonly lost: LostPlace;
}

/**
 * Notes that a channel is gone for us: what waits there for an answer is moved at once to the person who asked. Other work
 * finds out with the next thing that it writes. Safe to repeat.
 */
export const loseChannel = (
  { db }: DatabaseDeps,
  teamId: string,
  parse: (botUserId: string) => LostChannel | undefined,
): Promise<void> =>
  withSlackWorkspace(db, teamId, async (trx) => {
    const workspace = await findWorkspace(trx, teamId);
    const channel = workspace && parse(workspace.botUserId);
    if (channel) await setLost(trx, await listWaitingIn(trx, { teamId, channelId: channel.channelId }), channel.lost);
  });
