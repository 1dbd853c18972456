import { randomUUID } from 'node:crypto';
import type { Stage } from './stage.ts';
import { hashToken } from '../../../domain/organizations/organizations.ts';

/** An organization with an admin who has a token, and Slack workspaces in which that person writes. */
export interface Tenant {
  readonly organizationId: string;
  readonly token: string;
  /** A workspace that no request has used yet: Slack's rate limits are kept per workspace, and they are not measured here. */
  freshTeam(): string;
}

export const SLACK_USER = 'UBENCH';

export async function makeTenant({ database }: Stage, teams = 0): Promise<Tenant> {
  const [organizationId, token] = [randomUUID(), `bench-${randomUUID()}`];
  // As Slack's own: letters and digits only.
  const teamId = (nth: number) => `T${organizationId.slice(0, 8)}N${nth}`.toUpperCase();
  let used = 0;
  const userId = randomUUID();
  await database.look(`insert into organizations (id, name) values ($1, 'Bench')`, [organizationId]);
  await database.look(`insert into users (organization_id, id, name, role) values ($1, $2, 'Bench', 'admin')`, [
    organizationId,
    userId,
  ]);
  await database.look(
    `insert into api_tokens (organization_id, token_hash, user_id, name) values ($1, $2, $3, 'bench')`,
    [organizationId, hashToken(token), userId],
  );
  const ids = Array.from({ length: teams }, (_, nth) => teamId(nth + 1));
  await database.look(
    `insert into slack_workspaces (organization_id, team_id, name, bot_user_id)
      select $1::uuid, team, team, 'UNUBABEL' from unnest($2::text[]) as team`,
    [organizationId, ids],
  );
  await database.look(
    // Slack is not asked who they are: the fake knows them of one workspace only.
    `insert into users (organization_id, id, name, role, slack_team_id, slack_user_id, slack_checked_at)
      select $1::uuid, gen_random_uuid(), 'Bench', 'user', team, $3, now() + interval '1 day' from unnest($2::text[]) as team`,
    [organizationId, ids, SLACK_USER],
  );
  return {
    organizationId,
    token,
    freshTeam: () => {
      if (used >= teams) throw new Error(`This tenant has only ${teams} Slack workspaces.`);
      return teamId(++used);
    },
  };
}
