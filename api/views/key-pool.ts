import type { KeyAccountView, KeyPoolView, KeyStatus } from '../../contracts/key-pool.ts';
import { SHARED_POOL, type KeyAccount } from '../../db/queries/key-pool.ts';

function statusOf({ quarantined_at, cooldown_until }: KeyAccount, now: number): KeyStatus {
  if (quarantined_at) return 'quarantined';
  return cooldown_until && cooldown_until.getTime() > now ? 'cooldown' : 'active';
}

/** An account without anything of its key. */
export const toAccountView = (account: KeyAccount, now = Date.now()): KeyAccountView => ({
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
export function toPoolView(found: readonly KeyAccount[], shared: readonly string[], now = Date.now()): KeyPoolView {
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
