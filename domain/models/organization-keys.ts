import { randomUUID } from 'node:crypto';
import type { KeyAccountView, NewKey } from '../../contracts/key-pool.ts';
import { fingerprintOf } from '../../db/key-fingerprint.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { deleteKey, insertKey, listAccounts, resetAccount, SHARED_POOL } from '../../db/queries/key-pool.ts';
import type { Principal } from '../../db/queries/people.ts';
import { audit } from '../audit.ts';
import { DEFAULT_ORGANIZATION_ID } from '../organizations/bootstrap.ts';
import type { ApiDeps } from '../../api/deps.ts';
import { notFound, ProblemError } from '../../api/problems.ts';
import { isUuid } from '../../api/routes/responses.ts';
import { toPoolView } from '../../api/views/key-pool.ts';

/** Seals a key and makes its account; what is kept in the open tells it from others and no more. */
export async function addKey(deps: ApiDeps, principal: Principal, { key, name }: NewKey): Promise<KeyAccountView> {
  const { organizationId, userId } = principal;
  if (!deps.sealer)
    throw new ProblemError(
      'unavailable',
      'Keys cannot be kept, because there is nothing to encrypt them with. An operator has to set CREDENTIAL_KEYS.',
    );
  const id = randomUUID();
  const sealed = deps.sealer.seal(key, { organizationId, rowId: id });
  const open = { name, last_four: key.slice(-4), fingerprint: fingerprintOf(`${organizationId}:${key}`) };
  return withOrganization(deps.db, organizationId, async (trx) => {
    const isNew = await insertKey(trx, { organization_id: organizationId, id, user_id: userId, sealed, ...open });
    if (!isNew) throw new ProblemError('conflict', 'Your organization has this key already.');
    await audit(trx, principal, 'key.added', id, { name, last_four: open.last_four });
    return viewOf(trx, deps, id);
  });
}

/** Removes a key of the organization's own; those from the environment cannot be removed here. */
export const removeKey = (deps: ApiDeps, principal: Principal, id: string): Promise<void> =>
  withOrganization(deps.db, principal.organizationId, async (trx) => {
    if (deps.sharedAccounts.includes(id))
      throw new ProblemError('forbidden', 'This key is shared. An operator takes it out of ANTHROPIC_API_KEYS.');
    if (!isUuid(id) || !(await deleteKey(trx, id))) throw notFound('key');
    await audit(trx, principal, 'key.removed', id);
  });

/** Lets a key be used again. What concerns every organization is for the admins of the first one, who run this house. */
export const resetKey = (deps: ApiDeps, principal: Principal, id: string): Promise<KeyAccountView> =>
  withOrganization(deps.db, principal.organizationId, async (trx) => {
    const isShared = deps.sharedAccounts.includes(id);
    if (isShared && principal.organizationId !== DEFAULT_ORGANIZATION_ID)
      throw new ProblemError(
        'forbidden',
        'This key is shared. Only admins of the default organization may release it.',
      );
    if (!isShared && !isUuid(id)) throw notFound('key');
    const owner = isShared ? SHARED_POOL : principal.organizationId;
    // A shared key that no call has used yet has no row, and nothing to forget.
    if (!(await resetAccount(trx, { owner, id })) && !isShared) throw notFound('key');
    if (isShared) deps.log.warn({ account: id, userId: principal.userId }, 'a shared model key was released');
    await audit(trx, principal, 'key.reset', id);
    return viewOf(trx, deps, id);
  });

async function viewOf(trx: OrganizationTransaction, deps: ApiDeps, id: string): Promise<KeyAccountView> {
  const { accounts } = toPoolView(await listAccounts(trx, deps.sharedAccounts), deps.sharedAccounts);
  const account = accounts.find((each) => each.id === id);
  if (!account) throw notFound('key');
  return account;
}
