import { randomUUID } from 'node:crypto';
import { KEY_POLICY } from '../../domain/models/key-waits.ts';
import { returnKey, leaseKey, type KeyOutcome, type PoolPolicy, type KeyLease } from '../../db/queries/key-pool.ts';
import type { TestDatabase } from '../support/database.ts';
import type { Tenant } from './world.ts';

export const POLICY: PoolPolicy = { ...KEY_POLICY, mostInFlight: 50, leaseSeconds: 60 };

interface Ask {
  readonly keys?: readonly string[];
  readonly opensOwn?: boolean;
  readonly policy?: Partial<PoolPolicy>;
  readonly turnKey?: string;
  readonly orchestrationId?: string;
  readonly usageId?: string;
}

/** The pool as workers use it, for tests of its state. */
export const poolFixture = ({ db, look }: TestDatabase) => ({
  /** Every ask is a turn of its own unless told. */
  take: ({ organizationId }: Pick<Tenant, 'organizationId'>, ask: Ask = {}): Promise<KeyLease> =>
    leaseKey(
      db,
      organizationId,
      {
        orchestrationId: ask.orchestrationId ?? randomUUID(),
        turnKey: ask.turnKey ?? 'agent:ops',
        usageId: ask.usageId ?? randomUUID(),
        execution: 'run/1',
        environment: ask.keys ?? ['env-a'],
        opensOwn: ask.opensOwn ?? false,
      },
      { ...POLICY, ...ask.policy },
    ),
  giveBack: (
    { organizationId }: Pick<Tenant, 'organizationId'>,
    { lease }: KeyLease,
    outcome: KeyOutcome,
    waitSeconds?: number,
  ) => returnKey(db, organizationId, { lease, outcome, waitSeconds }, POLICY),
  /** Lets so much time pass for the accounts and leases. */
  pass: async (seconds: number) => {
    const before = (name: string) => `${name} = ${name} - make_interval(secs => ${seconds})`;
    await look(
      `update model_key_accounts set ${['cooldown_until', 'probe_at', 'last_failed_at'].map(before).join(', ')}`,
    );
    await look(`update model_key_leases set ${['taken_at', 'expires_at'].map(before).join(', ')}`);
  },
  account: async (id = 'env-a') => {
    const [row] = await look<{ failures: number; rest: number | null; probe: number | null; quarantined: boolean }>(
      `select failures, extract(epoch from cooldown_until - now())::float as rest,
         extract(epoch from probe_at - now())::float as probe, quarantined_at is not null as quarantined,
         total_requests::int as requests, total_retries::int as retries, total_429_errors::int as limited
       from model_key_accounts where id = '${id}'`,
    );
    return row;
  },
  forget: () => look('delete from model_key_leases; delete from model_key_accounts; delete from model_keys'),
});
