import type { Principal } from '../../contracts/request.ts';
import type { DelegationSetting } from '../../contracts/tools.ts';
import { withOrganization } from '../../db/organization.ts';
import { isDelegationAllowed, setDelegation } from '../../db/queries/organizations.ts';
import { audit } from '../audit.ts';
import type { DatabaseDeps } from '../deps.ts';

/** Whether the organization's work may be handed to coding agents. */
export const readDelegation = ({ db }: DatabaseDeps, { organizationId }: Principal): Promise<DelegationSetting> =>
  withOrganization(db, organizationId, async (trx) => ({ enabled: await isDelegationAllowed(trx) }));

/** Allows or forbids it from the next call on, also of calls that wait, and writes down who did. */
export const changeDelegation = (
  { db }: DatabaseDeps,
  by: Principal,
  { enabled }: DelegationSetting,
): Promise<DelegationSetting> =>
  withOrganization(db, by.organizationId, async (trx) => {
    await setDelegation(trx, by.organizationId, enabled);
    await audit(trx, by, 'delegation.set', by.organizationId, { enabled });
    return { enabled };
  });
