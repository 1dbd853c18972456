import { forgetOldest } from '../../contracts/forget-oldest.ts';
import type { Principal } from '../../contracts/request.ts';
import { withOrganization, withSlackWorkspace } from '../../db/organization.ts';
import { changeMembership, findMembershipCounts, setMemberships, type Membership } from '../../db/queries/access.ts';
import { acquireFromBucket, type Bucket } from '../../db/queries/slack-buckets.ts';
import type { DatabaseDeps, LogDeps } from '../deps.ts';

export type { Membership };

/** Whom a token speaks for in Slack, where Slack knows them. */
interface SlackIdentity {
  readonly teamId: string | null;
  readonly slackUserId: string | null;
  /** They have come into a conversation since Slack was asked. */
  readonly membershipsStale: boolean;
}

/** Finds out which conversations a person is a member of, so that they may see the work of these. Never throws. */
export type RefreshMemberships = (principal: Principal, slack: SlackIdentity) => Promise<void>;

/** A list is good for a minute, and Slack is not asked again at once after it could say nothing. */
const LISTED_MS = 60_000;
const FAILED_MS = 15_000;
/** Whoever asks waits no longer; they see what is known until then. */
const MAX_WAIT_MS = 2_000;
const MAX_REMEMBERED = 5_000;

/** Before their minute is over somebody is looked up so often again, because they have come into a conversation. */
const MAX_EARLY = 5;
/**
 * And so many of a workspace, over all processes: `users.conversations` is tier 3 (50 a minute and more; docs.slack.dev, rate
 * limits), and most of it is for the look-ups of every minute, however many people come into a channel.
 */
const earlyBucket = (organizationId: string, teamId: string): Bucket => ({
  organizationId,
  name: `${teamId}:users.conversations:joined`,
  intervalMs: 3_000,
  burst: 10,
});

interface MembershipDeps extends DatabaseDeps, LogDeps {
  /** The conversations that Slack lists for a person. @throws when Slack cannot say all of them */
  readonly listChannels: (teamId: string, slackUserId: string) => Promise<readonly string[]>;
}

/** What came of asking Slack: `left` when somebody left meanwhile, `full` when the bucket for early look-ups is empty. */
type Listed = 'kept' | 'left' | 'failed' | 'full';

interface Asked {
  readonly done: Promise<void>;
  /** Slack is not asked again before; without an end while it is being asked. */
  until: number;
  /** Early look-ups since that of the minute. */
  early: number;
}

/**
 * Asks Slack at most once a minute for each person, and once at a time; sooner, within limits, where they have come into a
 * conversation since. What it lists counts for five minutes; where it says nothing nobody gets rights by it, and those of
 * before end with that time.
 */
export function createMembershipRefresh(deps: MembershipDeps): RefreshMemberships {
  const asked = new Map<string, Asked>();

  const start = (key: string, before: Asked | undefined, run: () => Promise<Listed>): Asked => {
    const regularAt = before?.until ?? 0;
    const work = run()
      .catch((error: unknown) => {
        deps.log.warn({ err: error }, 'Slack did not say of which channels somebody is a member');
        return 'failed' as const;
      })
      .then((listed) => {
        entry.until = askAgainAt(listed, regularAt);
        // It is left alone until then.
        if (listed === 'failed') entry.early = MAX_EARLY;
        return undefined;
      });
    const entry: Asked = { done: work, until: Infinity, early: before ? before.early + 1 : 0 };
    asked.delete(key);
    asked.set(key, entry);
    forgetOldest(asked, MAX_REMEMBERED);
    return entry;
  };
  return async (principal, { teamId, slackUserId, membershipsStale }) => {
    if (!teamId || !slackUserId) return;
    const key = `${principal.organizationId} ${principal.userId}`;
    const known = asked.get(key);
    const isGood = known !== undefined && known.until > Date.now();
    const isEarly = isGood && membershipsStale && known.until < Infinity && known.early < MAX_EARLY;
    const run = () => list(deps, principal, { teamId, slackUserId }, isEarly);
    const { done } = isGood && !isEarly ? known : start(key, isEarly ? known : undefined, run);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, MAX_WAIT_MS)));
    await Promise.race([done, late]).finally(() => clearTimeout(timer));
  };
}

async function list(
  { db, listChannels }: MembershipDeps,
  { organizationId, userId }: Principal,
  { teamId, slackUserId }: { readonly teamId: string; readonly slackUserId: string },
  isEarly: boolean,
): Promise<Listed> {
  const bucket = earlyBucket(organizationId, teamId);
  const counts = await withOrganization(db, organizationId, async (trx) =>
    isEarly && (await acquireFromBucket(trx, bucket)) > 0 ? undefined : findMembershipCounts(trx, userId),
  );
  if (!counts) return 'full';
  const channels = await listChannels(teamId, slackUserId);
  const row = { organizationId, userId, channels, ...counts };
  return (await withOrganization(db, organizationId, (trx) => setMemberships(trx, row))) ? 'kept' : 'left';
}

/** Where somebody left meanwhile the next look asks again; an early look-up that was not made leaves the time as it was. */
function askAgainAt(listed: Listed, regularAt: number): number {
  if (listed === 'left') return 0;
  if (listed === 'full') return regularAt;
  return Date.now() + (listed === 'kept' ? LISTED_MS : FAILED_MS);
}

/**
 * Takes up that somebody has come into a channel or has left it: who left sees its work no more, who came sees it when Slack
 * has listed it, with their next look. Safe to repeat, late and in any order.
 */
export const noteMembership = ({ db }: DatabaseDeps, membership: Membership): Promise<void> =>
  withSlackWorkspace(db, membership.teamId, async (trx) => {
    await changeMembership(trx, membership);
  });
