import { sql } from 'kysely';
import type { OrganizationTransaction } from '../organization.ts';

export interface Bucket {
  readonly organizationId: string;
  readonly name: string;
  /** Time between two calls at the steady rate, ms. */
  readonly intervalMs: number;
  /** Calls that may follow each other at once after a pause. */
  readonly burst: number;
}

/**
 * Acquires one call from a bucket that all workers share (generic cell rate algorithm; the row holds the theoretical
 * arrival time). Answers 0 when the call may go now, otherwise the ms to wait, and then nothing is acquired.
 */
export async function acquireFromBucket(trx: OrganizationTransaction, bucket: Bucket): Promise<number> {
  const step = sql`make_interval(secs => ${bucket.intervalMs / 1000})`;
  const slack = sql`make_interval(secs => ${(bucket.intervalMs * (bucket.burst - 1)) / 1000})`;
  const { rows } = await sql`
    insert into slack_buckets (organization_id, bucket, next_at)
    values (${bucket.organizationId}, ${bucket.name}, clock_timestamp() + ${step})
    on conflict (organization_id, bucket) do update
      set next_at = greatest(slack_buckets.next_at, clock_timestamp()) + ${step}
      where slack_buckets.next_at - ${slack} <= clock_timestamp()
    returning next_at`.execute(trx);
  if (rows.length > 0) return 0;
  const wait = await sql<{ ms: number }>`
    select ceil(extract(epoch from next_at - ${slack} - clock_timestamp()) * 1000)::int as ms
    from slack_buckets where bucket = ${bucket.name}`.execute(trx);
  return Math.max(1, wait.rows[0]?.ms ?? 1);
}

/** Closes a bucket for as long as Slack has asked. */
export const pauseBucket = (trx: OrganizationTransaction, bucket: Bucket, pauseMs: number) =>
  sql`update slack_buckets
      set next_at = greatest(next_at, clock_timestamp() +
        make_interval(secs => ${(pauseMs + bucket.intervalMs * (bucket.burst - 1)) / 1000}))
      where bucket = ${bucket.name}`.execute(trx);
