import { randomUUID } from 'node:crypto';
import { mayAnswer } from '../../contracts/approval-rules.ts';
import { isFinal } from '../../contracts/orchestration.ts';
import { textsFor, type Texts } from '../../contracts/texts.ts';
import type { Decision } from '../../contracts/workflow.ts';
import { withOrganization } from '../../db/organization.ts';
import { findDelivery } from '../../db/queries/inbox.ts';
import type { Orchestration } from '../../db/queries/orchestrations.ts';
import { insertAudit, type User, type Workspace } from '../../db/queries/people.ts';
import { cancelJob } from '../../domain/approvals/decide.ts';
import { ProblemError } from '../problems.ts';
import { findShownHash } from '../../db/queries/slack.ts';
import { deliver } from './deliver.ts';
import type { SlackDoor } from './listeners.ts';
import type { HeardMessage, Word } from './message.ts';

export interface ThreadAnswer {
  readonly workspace: Workspace;
  readonly heard: HeardMessage;
  readonly user: User;
  readonly latest: Orchestration | undefined;
  readonly word: Word;
}

/** APPROVE and CANCEL in a thread: an answer to its approval, a stop of its work, or a kind word when neither is there. */
export async function answerInThread(door: SlackDoor, answer: ThreadAnswer): Promise<void> {
  const { latest, word, user, heard } = answer;
  // Said again by Slack, it must not decide what has begun to wait since.
  if (await isCounted(door, answer)) return;
  const texts = textsFor(latest?.language ?? door.detectLanguage(heard.text));
  if (latest?.status === 'awaiting_approval' && latest.approval) {
    if (mayAnswerNow(latest, user, word)) {
      if (await isShown(door, latest, latest.approval.hash)) return record(door, answer, latest);
      await audit(door, answer, latest, 'the thread shows another question');
      return postEphemeral(door, heard, texts.questionChanged);
    }
    if (word.verdict === 'cancel' && (user.role === 'admin' || isAsker(latest, user)))
      return stop(door, answer, latest, texts);
    await audit(door, answer, latest, 'the policy does not name this person');
    return postEphemeral(door, heard, texts.mayNotApprove);
  }
  if (word.verdict === 'cancel' && latest && !isFinal(latest.status)) return stop(door, answer, latest, texts);
  postEphemeral(door, heard, texts.nothingToApprove);
}

/** Under which name a reply may come again. */
export const keyOf = ({ workspace, heard }: Pick<ThreadAnswer, 'workspace' | 'heard'>): string =>
  `slack:message:${workspace.teamId}:${heard.channelId}:${heard.ts}`;

const isCounted = (door: SlackDoor, answer: ThreadAnswer): Promise<boolean> =>
  withOrganization(door.db, answer.workspace.organizationId, async (trx) => {
    const counted = await findDelivery(trx, [keyOf(answer)]);
    return counted !== undefined;
  });

const isAsker = (orchestration: Orchestration, user: User) => orchestration.user_id === user.id;

/** The door's own look at the policy; the workflow looks again. */
function mayAnswerNow(orchestration: Orchestration, user: User, { verdict, choice }: Word): boolean {
  const { approval } = orchestration;
  if (!approval) return false;
  const who = { userId: user.id, role: user.role, isAsker: isAsker(orchestration, user) };
  const means = verdict === 'approve' ? (choice ?? approval.choices?.[0]) : undefined;
  return mayAnswer(approval.policy, who, Date.now(), means);
}

/** A word answers what its thread shows: the message may be behind, and nobody answers what they have not seen. */
const isShown = (door: SlackDoor, { organization_id, id }: Orchestration, hash: string): Promise<boolean> =>
  withOrganization(door.db, organization_id, async (trx) => [null, hash].includes(await findShownHash(trx, id)));

/** A decision is a delivery like any other: written down first, then given to the workflow, later if Temporal is away. */
async function record(door: SlackDoor, answer: ThreadAnswer, latest: Orchestration): Promise<void> {
  const { workspace, user, word } = answer;
  const { organizationId } = workspace;
  const decision: Decision = {
    ...word,
    userId: user.id,
    role: user.role,
    isAsker: isAsker(latest, user),
    via: 'slack',
    approvalId: latest.approval?.id,
    hash: latest.approval?.hash,
  };
  await deliver(door, {
    organizationId,
    kind: 'decision',
    keys: [keyOf(answer)],
    orchestrationId: latest.id,
    body: { ...decision },
  });
}

const audit = (door: SlackDoor, { workspace, user, word }: ThreadAnswer, latest: Orchestration, reason: string) =>
  withOrganization(door.db, workspace.organizationId, (trx) =>
    insertAudit(trx, {
      organization_id: workspace.organizationId,
      id: randomUUID(),
      user_id: user.id,
      action: 'approval.decide',
      subject: latest.id,
      outcome: 'rejected',
      details: JSON.stringify({ ...word, via: 'slack', reason }),
    }),
  );

async function stop(
  door: SlackDoor,
  { workspace, user, heard }: ThreadAnswer,
  latest: Orchestration,
  texts: Texts,
): Promise<void> {
  const principal = {
    organizationId: workspace.organizationId,
    userId: user.id,
    name: user.name,
    role: user.role,
    timeZone: user.time_zone,
  };
  try {
    await cancelJob(door, principal, latest.id);
  } catch (error) {
    if (!(error instanceof ProblemError) || error.kind === 'unavailable') throw error;
    postEphemeral(door, heard, error.kind === 'forbidden' ? texts.mayNotCancel : texts.nothingToApprove);
  }
}

/** A word for one person's eyes. Best effort: it changes nothing, and the acknowledgement does not wait for it. */
export function postEphemeral(door: SlackDoor, heard: HeardMessage, text: string): void {
  // One mention arrives as two events, and Slack repeats what it thinks was lost.
  if (!door.firstTime(`${heard.channelId}:${heard.ts}`)) return;
  void door.people.client.chat
    .postEphemeral({ channel: heard.channelId, user: heard.slackUserId, thread_ts: heard.threadTs, text })
    .catch((error: unknown) => door.log.warn({ err: error }, 'an ephemeral message was not taken'));
}
