import { randomUUID } from 'node:crypto';
import type { WebClient } from '@slack/web-api';
import { withOrganization } from '../../db/organization.ts';
import { takeUser, type User, type Workspace } from '../../db/queries/people.ts';
import type { ApiDeps } from '../deps.ts';

export interface SlackPeople {
  readonly client: WebClient;
  readonly unknownUsers: 'create' | 'reject';
}

/** Slack has three seconds for an acknowledgement; a profile that takes longer is looked up another time. */
const PROFILE_MS = 1_000;

/** A user for an unknown Slack id, made of what Slack says; undefined where strangers are rejected. */
export async function createUnknownUser(
  deps: ApiDeps,
  { client, unknownUsers }: SlackPeople,
  { organizationId, teamId }: Workspace,
  slackUserId: string,
): Promise<User | undefined> {
  if (unknownUsers === 'reject') return undefined;
  const profile = await profileOf(client, slackUserId);
  return withOrganization(deps.db, organizationId, (trx) =>
    takeUser(trx, {
      organization_id: organizationId,
      id: randomUUID(),
      name: profile.name ?? slackUserId,
      role: profile.isGuest ? 'guest' : 'user',
      slack_team_id: teamId,
      slack_user_id: slackUserId,
      locale: profile.locale ?? null,
      time_zone: profile.timeZone ?? 'UTC',
    }),
  );
}

interface Profile {
  readonly name?: string;
  readonly locale?: string;
  readonly timeZone?: string;
  /** Slack's single- and multi-channel guests: people from outside, who read but start no work here either. */
  readonly isGuest?: boolean;
}

/** Best effort: a name is nice to have, an acknowledgement in time is not. */
async function profileOf(client: WebClient, slackUserId: string): Promise<Profile> {
  const late = new Promise<Profile>((resolve) => setTimeout(() => resolve({}), PROFILE_MS).unref());
  const asked = client.users
    .info({ user: slackUserId, include_locale: true })
    .then(({ user }): Profile => ({
      name: user?.real_name ?? user?.name,
      locale: user?.locale,
      timeZone: user?.tz,
      isGuest: user?.is_restricted === true || user?.is_ultra_restricted === true,
    }))
    .catch((): Profile => ({}));
  return Promise.race([asked, late]);
}
