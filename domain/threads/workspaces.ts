import { withOrganization } from '../../db/organization.ts';
import { putWorkspace } from '../../db/queries/organizations.ts';
import type { DatabaseDeps } from '../deps.ts';

/** Maps a Slack workspace to an organization. @throws when it belongs to another one already */
export const connectWorkspace = async (
  { db }: DatabaseDeps,
  organizationId: string,
  { teamId, name, botUserId }: { teamId: string; name: string; botUserId: string },
): Promise<void> =>
  void (await withOrganization(db, organizationId, (trx) =>
    putWorkspace(trx, { organization_id: organizationId, team_id: teamId, name, bot_user_id: botUserId }),
  ));
