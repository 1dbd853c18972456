import { RequestError, type Principal, type SlackStanding } from '../../contracts/request.ts';
import { withOrganization, withSlackWorkspace, type OrganizationTransaction } from '../../db/organization.ts';
import { findUser, setStanding, type User } from '../../db/queries/organizations.ts';
import { changeMembership, findMembershipVersion, setMemberships, type Membership } from '../../db/queries/access.ts';
import type { DatabaseDeps, LogDeps } from '../deps.ts';

export type { Membership };

/** What Slack says of a person; parts may be missing. */
export interface SlackProfile {
  readonly name?: string | undefined;
  readonly locale?: string | undefined;
  readonly timeZone?: string | undefined;
  /** Undefined when Slack could not say it in time: then nobody gets rights by it. */
  readonly standing?: SlackStanding | undefined;
}

/** Whom a token speaks for in Slack, where Slack knows them. */
interface SlackIdentity {
  readonly teamId: string | null;
  readonly slackUserId: string | null;
}

/** Finds out which conversations a person is a member of, so that they may see the work of these. Never throws. */
type RefreshMemberships = (principal: Principal, slack: SlackIdentity) => Promise<void>;

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

/** A list is good for a minute, and Slack is not asked again at once after it could say nothing. */
const LISTED_MS = 60_000;
const FAILED_MS = 15_000;
/** Whoever asks waits no longer; they see what is known until then. */
const MAX_WAIT_MS = 2_000;
const MAX_REMEMBERED = 5_000;

interface MembershipDeps extends DatabaseDeps, LogDeps {
  /** The conversations that Slack lists for a person. @throws when Slack cannot say all of them */
  readonly listChannels: (teamId: string, slackUserId: string) => Promise<readonly string[]>;
}

/**
 * Asks Slack at most once a minute for each person, and once at a time. What it lists counts for five minutes; where it
 * says nothing nobody gets rights by it, and those of before end with that time.
 */
export function createMembershipRefresh({ db, log, listChannels }: MembershipDeps): RefreshMemberships {
  const asked = new Map<string, { readonly done: Promise<void>; until: number }>();

  const list = async ({ organizationId, userId }: Principal, teamId: string, slackUserId: string): Promise<boolean> => {
    const version = await withOrganization(db, organizationId, (trx) => findMembershipVersion(trx, userId));
    const channels = await listChannels(teamId, slackUserId);
    const row = { organizationId, userId, channels, version };
    return withOrganization(db, organizationId, (trx) => setMemberships(trx, row));
  };
  const start = (key: string, run: () => Promise<boolean>) => {
    const work = run()
      .catch((error: unknown) => {
        log.warn({ err: error }, 'Slack did not say of which channels somebody is a member');
        return undefined;
      })
      .then((kept) => {
        // Somebody came or left meanwhile: the next look asks again.
        entry.until = kept === false ? 0 : Date.now() + (kept ? LISTED_MS : FAILED_MS);
        return undefined;
      });
    const entry = { done: work, until: Infinity };
    asked.delete(key);
    asked.set(key, entry);
    const oldest = asked.size > MAX_REMEMBERED ? asked.keys().next().value : undefined;
    if (oldest !== undefined) asked.delete(oldest);
    return entry;
  };
  return async (principal, { teamId, slackUserId }) => {
    if (!teamId || !slackUserId) return;
    const key = `${principal.organizationId} ${principal.userId}`;
    const known = asked.get(key);
    const { done } = known && known.until > Date.now() ? known : start(key, () => list(principal, teamId, slackUserId));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, MAX_WAIT_MS)));
    await Promise.race([done, late]).finally(() => clearTimeout(timer));
  };
}

/** Takes up that somebody has come into a channel or has left it: who left sees its work no more. Safe to repeat. */
export const noteMembership = ({ db }: DatabaseDeps, membership: Membership): Promise<void> =>
  withSlackWorkspace(db, membership.teamId, async (trx) => {
    await changeMembership(trx, membership);
  });
