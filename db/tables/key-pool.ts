import type { ColumnType, Generated } from 'kysely';

type Instant = ColumnType<Date, string | undefined, string>;
type MaybeInstant = ColumnType<Date | null, string | null | undefined, string | null>;

/** A key that an organization has brought: sealed, with as much in the open as people need to tell it from others. */
export interface ModelKeysTable {
  organization_id: string;
  id: string;
  name: string;
  last_four: string;
  fingerprint: string;
  sealed: string;
  user_id: string | null;
  created_at: Instant;
}

/** A key as the pool knows it; one from the environment has no `key_id` and belongs to no organization. */
export interface ModelKeyAccountsTable {
  organization_id: string;
  id: string;
  key_id: string | null;
  /** In a row; an answer ends the row. */
  failures: Generated<number>;
  /** Until then it is left alone while another key can answer; stays until an answer proves the key well. */
  cooldown_until: MaybeInstant;
  /** From then on one call may try it when no other key can answer. */
  probe_at: MaybeInstant;
  last_failed_at: MaybeInstant;
  quarantined_at: MaybeInstant;
  last_used_at: MaybeInstant;
  total_requests: Generated<number>;
  total_retries: Generated<number>;
  total_429_errors: Generated<number>;
}

/**
 * A call under way. Without an account: the organization waits for a free key of the shared pool, or, with an
 * execution, an attempt of an activity that found every key at rest.
 */
interface ModelKeyLeasesTable {
  organization_id: string;
  id: string;
  pool: string;
  account_id: string | null;
  /** A digest: it tells turns apart and names none. */
  turn: string | null;
  execution: string | null;
  taken_at: Instant;
  expires_at: Instant;
}

export interface KeyPoolTables {
  model_keys: ModelKeysTable;
  model_key_accounts: ModelKeyAccountsTable;
  model_key_leases: ModelKeyLeasesTable;
}
