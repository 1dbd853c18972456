import { withOrganization } from '../../db/organization.ts';
import { findOrganization } from '../../db/queries/organizations.ts';
import type { DatabaseDeps } from '../deps.ts';

/** An organization as its people read it. */
export const readOrganization = ({ db }: DatabaseDeps, id: string): Promise<{ id: string; name: string }> =>
  withOrganization(db, id, async (trx) => ({ id, name: (await findOrganization(trx, id))?.name ?? '' }));
