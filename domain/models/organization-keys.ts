import { randomUUID } from 'node:crypto';
import type { KeyAccountView, KeyPoolView, KeyStatus, NewKey } from '../../contracts/key-pool.ts';
import { fingerprintOf, type Sealer } from '../../db/sealing.ts';
import { withOrganization, type OrganizationTransaction, isUuid } from '../../db/organization.ts';
import {
  deleteKey,
  insertKey,
  listAccounts,
  resetAccount,
  SHARED_POOL,
  type KeyAccount,
} from '../../db/queries/key-pool.ts';
import { audit } from '../audit.ts';
import { DEFAULT_ORGANIZATION_ID } from '../organizations/organizations.ts';
import type { DatabaseDeps, LogDeps } from '../deps.ts';
import { type Principal, notFound, RequestError } from '../../contracts/request.ts';

export interface KeyPoolDeps extends DatabaseDeps {
  /** Accounts of the keys that come from the environment. */
  readonly sharedAccounts: readonly string[];
}
/** Encrypts secrets at rest; undefined when nothing is configured to do it with. */
export interface SealerDeps {
  readonly sealer: Sealer | undefined;
}

/** The keys of an organization and the shared ones, with what they have done. */
export const readKeyPool = ({ db, sharedAccounts }: KeyPoolDeps, organizationId: string): Promise<KeyPoolView> =>
  withOrganization(db, organizationId, async (trx) =>
    toPoolView(await listAccounts(trx, sharedAccounts), sharedAccounts),
  );

/** Seals a key and makes its account; what is kept in the open tells it from others and no more. */
export async function addKey(
  deps: KeyPoolDeps & SealerDeps,
  principal: Principal,
  { key, name }: NewKey,
): Promise<KeyAccountView> {
  const { organizationId, userId } = principal;
  if (!deps.sealer)
    throw new RequestError(
      'unavailable',
      'Keys cannot be kept, because there is nothing to encrypt them with. An operator has to set CREDENTIAL_KEYS.',
    );
  const id = randomUUID();
  const sealed = deps.sealer.seal(key, { organizationId, rowId: id });
  const open = { name, last_four: key.slice(-4), fingerprint: fingerprintOf(`${organizationId}:${key}`) };
  return withOrganization(deps.db, organizationId, async (trx) => {
    const isNew = await insertKey(trx, { organization_id: organizationId, id, user_id: userId, sealed, ...open });
    if (!isNew) throw new RequestError('conflict', 'Your organization has this key already.');
    await audit(trx, principal, 'key.added', id, { name, last_four: open.last_four });
    return viewOf(trx, deps, id);
  });
}

/** Removes a key of the organization's own; those from the environment cannot be removed here. */
export const removeKey = (deps: KeyPoolDeps, principal: Principal, id: string): Promise<void> =>
  withOrganization(deps.db, principal.organizationId, async (trx) => {
    if (deps.sharedAccounts.includes(id))
      throw new RequestError('forbidden', 'This key is shared. An operator takes it out of ANTHROPIC_API_KEYS.');
    if (!isUuid(id) || !(await deleteKey(trx, id))) throw notFound('key');
    await audit(trx, principal, 'key.removed', id);
  });

/** Lets a key be used again. What concerns every organization is for the admins of the first one, who run this installation. */
export const resetKey = (deps: KeyPoolDeps & LogDeps, principal: Principal, id: string): Promise<KeyAccountView> =>
  withOrganization(deps.db, principal.organizationId, async (trx) => {
    const isShared = deps.sharedAccounts.includes(id);
    if (isShared && principal.organizationId !== DEFAULT_ORGANIZATION_ID)
      throw new RequestError(
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

async function viewOf(trx: OrganizationTransaction, deps: KeyPoolDeps, id: string): Promise<KeyAccountView> {
  const { accounts } = toPoolView(await listAccounts(trx, deps.sharedAccounts), deps.sharedAccounts);
  const account = accounts.find((each) => each.id === id);
  if (!account) throw notFound('key');
  return account;
}

function statusOf({ quarantined_at, cooldown_until }: KeyAccount, now: number): KeyStatus {
  if (quarantined_at) return 'quarantined';
  return cooldown_until && cooldown_until.getTime() > now ? 'cooldown' : 'active';
}

/** An account without anything of its key. */
const toAccountView = (account: KeyAccount, now: number): KeyAccountView => ({
  id: account.id,
  status: statusOf(account, now),
  failures: account.failures,
  ...(account.cooldown_until && { cooldown_until: account.cooldown_until.toISOString() }),
  shared: account.organization_id === SHARED_POOL,
  ...(account.name !== null && { name: account.name }),
  ...(account.last_four !== null && { last_four: account.last_four }),
  in_flight: account.in_flight,
  ...(account.last_used_at && { last_used_at: account.last_used_at.toISOString() }),
  total_requests: account.total_requests,
  total_retries: account.total_retries,
  total_429_errors: account.total_429_errors,
});

const UNUSED = {
  organization_id: SHARED_POOL,
  key_id: null,
  failures: 0,
  cooldown_until: null,
  probe_at: null,
  last_failed_at: null,
  quarantined_at: null,
  last_used_at: null,
  total_requests: 0,
  total_retries: 0,
  total_429_errors: 0,
  name: null,
  last_four: null,
  in_flight: 0,
} as const;

/** The pool of an organization: its own accounts and the shared ones, those that no call has used yet too. */
function toPoolView(found: readonly KeyAccount[], shared: readonly string[], now = Date.now()): KeyPoolView {
  const unused = shared.filter((id) => !found.some((account) => account.id === id)).map((id) => ({ ...UNUSED, id }));
  const accounts = [...found, ...unused].map((account) => toAccountView(account, now));
  const sum = (name: 'total_requests' | 'total_retries' | 'total_429_errors') =>
    accounts.reduce((total, account) => total + account[name], 0);
  return {
    accounts,
    total_requests: sum('total_requests'),
    total_retries: sum('total_retries'),
    total_429_errors: sum('total_429_errors'),
  };
}
