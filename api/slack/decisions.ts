import { randomUUID } from 'node:crypto';
import { isFinal } from '../../contracts/orchestration.ts';
import { textsFor, type Texts } from '../../contracts/texts.ts';
import type { Decision } from '../../contracts/workflow.ts';
import { withOrganization } from '../../db/organization.ts';
import { claimKeys, findDelivery, insertDelivery } from '../../db/queries/inbox.ts';
import type { Orchestration } from '../../db/queries/orchestrations.ts';
import { insertAudit, type User, type Workspace } from '../../db/queries/people.ts';
import { cancelJob } from '../decide.ts';
import { ProblemError } from '../problems.ts';
import type { SlackDoor } from './listeners.ts';
import type { HeardMessage } from './message.ts';

export interface ThreadAnswer {
  readonly workspace: Workspace;
  readonly heard: HeardMessage;
  readonly user: User;
  readonly latest: Orchestration | undefined;
  readonly verdict: Decision['verdict'];
}

/** APPROVE and CANCEL in a thread: an answer to its approval, a stop of its work, or a kind word when neither is there. */
export async function answerInThread(door: SlackDoor, answer: ThreadAnswer): Promise<void> {
  const { latest, verdict, user, heard } = answer;
  // Said again by Slack, it must not decide what has begun to wait since.
  if (await isCounted(door, answer)) return;
  const texts = textsFor(latest?.language ?? door.detectLanguage(heard.text));
  if (latest?.status === 'awaiting_approval' && latest.approval) {
    if (mayAnswer(latest, user)) return record(door, answer, latest);
    await audit(door, answer, latest);
    return whisper(door, heard, texts.mayNotApprove);
  }
  if (verdict === 'cancel' && latest && !isFinal(latest.status)) return stop(door, answer, latest, texts);
  whisper(door, heard, texts.nothingToApprove);
}

/** Under which name a reply may come again. */
const keyOf = ({ workspace, heard }: ThreadAnswer) =>
  `slack:message:${workspace.teamId}:${heard.channelId}:${heard.ts}`;

const isCounted = (door: SlackDoor, answer: ThreadAnswer): Promise<boolean> =>
  withOrganization(door.db, answer.workspace.organizationId, async (trx) => {
    const counted = await findDelivery(trx, [keyOf(answer)]);
    return counted !== undefined;
  });

const isAsker = (orchestration: Orchestration, user: User) => orchestration.user_id === user.id;

/** The door's own look at the policy; the workflow looks again. */
function mayAnswer(orchestration: Orchestration, user: User): boolean {
  const policy = orchestration.approval?.policy;
  if (!policy || user.role === 'guest') return false;
  return policy.roles.includes(user.role) || (policy.asker && isAsker(orchestration, user));
}

/** A decision is a delivery like any other: written down first, then given to the workflow, later if Temporal is away. */
async function record(door: SlackDoor, answer: ThreadAnswer, latest: Orchestration): Promise<void> {
  const { workspace, user, verdict } = answer;
  const { organizationId } = workspace;
  const decision: Decision = {
    verdict,
    userId: user.id,
    role: user.role,
    isAsker: isAsker(latest, user),
    via: 'slack',
    approvalId: latest.approval?.id,
    hash: latest.approval?.hash,
  };
  const id = randomUUID();
  const delivery = await withOrganization(door.db, organizationId, async (trx) => {
    const keys = [keyOf(answer)];
    if (!(await claimKeys(trx, { organizationId, id, keys }))) throw new RepeatedDelivery();
    const row = {
      organizationId,
      id,
      source: 'slack',
      kind: 'decision',
      orchestrationId: latest.id,
      body: { ...decision },
      keys,
    } as const;
    await insertDelivery(trx, row);
    return row;
  }).catch(ignoreRepeated);
  if (!delivery) return;
  await door.handOver.now({
    organization_id: organizationId,
    id,
    source: 'slack',
    kind: 'decision',
    orchestration_id: latest.id,
    body: delivery.body,
    received_at: new Date(),
    handed_over_at: null,
    attempts: 0,
    last_error: null,
  });
}

/** Rolls the claiming transaction back: the first delivery stands. */
class RepeatedDelivery extends Error {}
function ignoreRepeated(error: unknown): undefined {
  if (!(error instanceof RepeatedDelivery)) throw error;
}

const audit = (door: SlackDoor, { workspace, user, verdict }: ThreadAnswer, latest: Orchestration) =>
  withOrganization(door.db, workspace.organizationId, (trx) =>
    insertAudit(trx, {
      organization_id: workspace.organizationId,
      id: randomUUID(),
      user_id: user.id,
      action: 'approval.decide',
      subject: latest.id,
      outcome: 'rejected',
      details: JSON.stringify({ verdict, via: 'slack', reason: 'the policy does not name this person' }),
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
    whisper(door, heard, error.kind === 'forbidden' ? texts.mayNotCancel : texts.nothingToApprove);
  }
}

/** A word for one person's eyes. Best effort: it changes nothing, and the acknowledgement does not wait for it. */
function whisper(door: SlackDoor, heard: HeardMessage, text: string): void {
  // One mention arrives as two events, and Slack repeats what it thinks was lost.
  if (!door.firstTime(`${heard.channelId}:${heard.ts}`)) return;
  void door.people.client.chat
    .postEphemeral({ channel: heard.channelId, user: heard.slackUserId, thread_ts: heard.threadTs, text })
    .catch((error: unknown) => door.log.warn({ err: error }, 'an ephemeral message was not taken'));
}
