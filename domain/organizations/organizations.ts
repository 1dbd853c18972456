import { createHash } from 'node:crypto';
import {
  findPrincipal,
  putOrganization,
  putToken,
  putUser,
  revokeTokensOf,
  findOrganization,
  putWorkspace,
  type TokenOwner,
} from '../../db/queries/organizations.ts';
import type { DatabaseDeps } from '../deps.ts';
import type { Kysely } from 'kysely';
import { withOrganization } from '../../db/organization.ts';
import type { Database } from '../../db/tables/index.ts';

/** Tokens are kept as their SHA-256 only; they are long and random, so a slow hash would add nothing. */
export const hashToken = (token: string): Buffer => createHash('sha256').update(token).digest();

/** Whom a token (its hash) speaks for now; undefined when it is unknown, has expired or was taken back. */
export const findTokenOwner = ({ db }: DatabaseDeps, tokenHash: Buffer): Promise<TokenOwner | undefined> =>
  findPrincipal(db, tokenHash);

/** The organization that exists from the first start. */
export const DEFAULT_ORGANIZATION_ID = '00000000-0000-4000-8000-000000000001';
const DEVELOPER_ID = '00000000-0000-4000-8000-000000000002';
const TOKEN_NAME = 'development token';

/** Makes the default organization with its developer, an admin, and lets the development token speak for them. */
export async function bootstrapDefaultOrganization(db: Kysely<Database>, devToken: string | undefined): Promise<void> {
  const organizationId = DEFAULT_ORGANIZATION_ID;
  await withOrganization(db, organizationId, async (trx) => {
    await putOrganization(trx, { id: organizationId, name: 'Default organization' });
    await putUser(trx, { organization_id: organizationId, id: DEVELOPER_ID, name: 'Developer', role: 'admin' });
    if (!devToken) return;
    const tokenHash = hashToken(devToken);
    await revokeTokensOf(trx, TOKEN_NAME, tokenHash);
    await putToken(trx, {
      organization_id: organizationId,
      token_hash: tokenHash,
      user_id: DEVELOPER_ID,
      name: TOKEN_NAME,
    });
  });
}

/** An organization as its people read it. */
export const readOrganization = ({ db }: DatabaseDeps, id: string): Promise<{ id: string; name: string }> =>
  withOrganization(db, id, async (trx) => ({ id, name: (await findOrganization(trx, id))?.name ?? '' }));

/** Maps a Slack workspace to an organization. @throws when it belongs to another one already */
export const connectWorkspace = async (
  { db }: DatabaseDeps,
  organizationId: string,
  { teamId, name, botUserId }: { teamId: string; name: string; botUserId: string },
): Promise<void> =>
  void (await withOrganization(db, organizationId, (trx) =>
    putWorkspace(trx, { organization_id: organizationId, team_id: teamId, name, bot_user_id: botUserId }),
  ));
