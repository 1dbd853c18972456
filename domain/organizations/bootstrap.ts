import type { Kysely } from 'kysely';
import { withOrganization } from '../../db/organization.ts';
import { putOrganization, putToken, putUser, revokeTokensOf } from '../../db/queries/organizations.ts';
import type { Database } from '../../db/tables/index.ts';
import { hashToken } from './tokens.ts';

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
