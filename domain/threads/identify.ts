import { randomUUID } from 'node:crypto';
import type { Refusal } from '../../contracts/workflow.ts';
import type { OrganizationTransaction } from '../../db/organization.ts';
import { findOrInsertSlackUser } from '../../db/queries/organizations.ts';
import type { ThreadJob, ThreadPerson } from '../../db/queries/threads.ts';
import { audit } from '../audit.ts';
import { isStillBelieved, keepStanding, type SlackProfile } from '../organizations/people.ts';
import type { ThreadMessage } from './thread-message.ts';

/** Something said to work that does not count, and why. */
export interface RefusedAct {
  readonly kind: 'refused';
  readonly message: ThreadMessage;
  readonly refusal: Refusal;
  readonly job: ThreadJob | undefined;
}

const toUser = (
  organizationId: string,
  { teamId, slackUserId }: ThreadMessage,
  { name, standing, locale, timeZone }: SlackProfile = {},
): Parameters<typeof findOrInsertSlackUser>[1] => ({
  organization_id: organizationId,
  id: randomUUID(),
  name: name ?? slackUserId,
  role: standing === 'guest' ? 'guest' : 'user',
  slack_standing: standing ?? null,
  slack_team_id: teamId,
  slack_user_id: slackUserId,
  locale: locale ?? null,
  time_zone: timeZone ?? 'UTC',
});

interface Unidentified {
  readonly organizationId: string;
  readonly message: ThreadMessage;
  readonly known: ThreadPerson | undefined;
  readonly profile: SlackProfile | undefined;
  /** Something that needs a right at this moment: an answer, an undo, words to running work. */
  readonly isAct: boolean;
}

/**
 * Who speaks, as Slack says now. Only its word makes somebody a person of the organization; without it nobody gets
 * rights, and nobody keeps them for an act.
 */
export async function identify(
  trx: OrganizationTransaction,
  { organizationId, message, known, profile, isAct }: Unidentified,
): Promise<'bot' | { readonly person?: ThreadPerson; readonly refusal?: Refusal }> {
  const standing = message.isOutside ? 'outside' : profile?.standing;
  if (standing === 'bot') return 'bot';
  if (standing) {
    const isPerson = standing === 'member' || standing === 'guest';
    const row =
      known ?? (isPerson ? await findOrInsertSlackUser(trx, toUser(organizationId, message, profile)) : undefined);
    const person = row && (await keepStanding(trx, row, standing));
    return person ? { person } : { refusal: standing === 'outside' ? 'outsider' : 'unknown_user' };
  }
  if (!known) return { refusal: profile ? 'lookup_failed' : 'unknown_user' };
  if (known.deactivated_at) return { refusal: known.slack_standing === 'outside' ? 'outsider' : 'unknown_user' };
  const isBelieved = profile === undefined || (!isAct && (known.role === 'guest' || isStillBelieved(known)));
  return isBelieved ? { person: known } : { refusal: 'lookup_failed' };
}

/** Something said to work by somebody who may not, or of whom nobody knows whether they may. */
export async function refuseAct(
  trx: OrganizationTransaction,
  given: Pick<Unidentified, 'organizationId' | 'message' | 'known'> & {
    readonly job: ThreadJob | undefined;
    readonly refusal: Refusal;
    /** What the words say. */
    readonly act: string | undefined;
  },
): Promise<RefusedAct | undefined> {
  const { organizationId, message, known, job, refusal, act } = given;
  const isAnswer = act === 'answer';
  const details = { via: 'slack', slackUserId: message.slackUserId, reason: refusal };
  const action = isAnswer ? 'approval.decide' : act === 'undo' ? 'effects.undo' : 'job.steer';
  if (job) await audit(trx, { organizationId, userId: known?.id ?? null }, action, job.id, details, 'rejected');
  // What strangers say to each other in a thread where we work is no business of ours.
  return isAnswer || message.mentionsBot || known ? { kind: 'refused', message, refusal, job } : undefined;
}
