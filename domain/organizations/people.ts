import { RequestError, type Principal, type SlackStanding } from '../../contracts/request.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { findUser, setStanding, type User } from '../../db/queries/organizations.ts';
import type { DatabaseDeps } from '../deps.ts';
import type { RefreshMemberships } from './memberships.ts';

/** What Slack says of a person; parts may be missing. */
export interface SlackProfile {
  readonly name?: string | undefined;
  readonly locale?: string | undefined;
  readonly timeZone?: string | undefined;
  /** Undefined when Slack could not say it in time: then nobody gets rights by it. */
  readonly standing?: SlackStanding | undefined;
}

export interface ProfileDeps {
  /** Undefined where Slack is not set up. */
  readonly refreshMemberships?: RefreshMemberships | undefined;
  /** Asks Slack who somebody of a workspace is. Never throws; undefined where Slack is not set up. */
  readonly loadProfile?: ((teamId: string, slackUserId: string) => Promise<SlackProfile>) | undefined;
}

/** What Slack has said of a person is believed for so long when they act; then it is asked again. */
const ACT_AGE_MS = 60_000;
/** So long a request is taken without an answer of Slack's, from somebody of whom it has said before that they may. */
const REQUEST_AGE_MS = 15 * 60_000;

type Checked = Pick<User, 'slack_checked_at'>;
const ageOf = ({ slack_checked_at: at }: Checked): number => (at ? Date.now() - at.getTime() : Infinity);

/** Whether Slack has to be asked who somebody is before they ask for work. */
export const isStale = (user: Checked): boolean => ageOf(user) > ACT_AGE_MS;

/** Whether somebody may ask for work although Slack cannot say just now who they are. */
export const isStillBelieved = (user: Checked): boolean => ageOf(user) <= REQUEST_AGE_MS;

/**
 * Keeps what Slack says of a person. Guests of the workspace are guests here, whatever they were; who was one because
 * Slack said so is a user again when it says otherwise. Whoever is none of the workspace has no rights any more.
 * Undefined for those.
 */
export async function keepStanding(
  trx: OrganizationTransaction,
  user: Pick<User, 'id' | 'role' | 'slack_standing'>,
  standing: SlackStanding,
): Promise<User | undefined> {
  const { id, role, slack_standing: before } = user;
  const isPerson = standing === 'member' || standing === 'guest';
  const wasGuest = role === 'guest' && before === 'guest' && standing === 'member';
  const now = new Date().toISOString();
  await setStanding(trx, id, {
    slack_standing: standing,
    slack_checked_at: now,
    deactivated_at: isPerson ? null : now,
    ...(standing === 'guest' && { role: 'guest' }),
    ...(wasGuest && { role: 'user' }),
  });
  return isPerson ? findUser(trx, id) : undefined;
}

/**
 * A person of a Slack workspace who acts over another entry, with the role that Slack leaves them now. Others are as they
 * are. @throws RequestError 503 when Slack cannot say, 401 when they are none of the workspace any more
 */
export async function refreshRights(
  deps: DatabaseDeps & ProfileDeps,
  principal: Principal,
  { teamId, slackUserId, checkedAt }: { teamId: string | null; slackUserId: string | null; checkedAt: Date | null },
): Promise<Principal> {
  if (!deps.loadProfile || !teamId || !slackUserId || !isStale({ slack_checked_at: checkedAt })) return principal;
  const { standing } = await deps.loadProfile(teamId, slackUserId);
  if (!standing)
    throw new RequestError(
      'unavailable',
      'Slack could not say just now whether you still belong to the workspace, so nothing was done. Please try again.',
    );
  const user = await withOrganization(deps.db, principal.organizationId, async (trx) => {
    const known = await findUser(trx, principal.userId);
    return known && keepStanding(trx, known, standing);
  });
  if (!user) throw new RequestError('unauthorized', 'Slack says that you do not belong to the workspace any more.');
  return { ...principal, role: user.role };
}
