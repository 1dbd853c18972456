import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../../dev/until.ts';
import { withOrganization } from '../../db/organization.ts';
import { pauseBucket, acquireFromBucket, type Bucket } from '../../db/queries/slack-buckets.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTenant } from './world.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase(20);
});
afterAll(() => database?.drop());

async function openBucket(intervalMs: number, burst: number): Promise<Bucket> {
  const { organizationId } = await createTenant(database.db);
  return { organizationId, name: 'TDEMO:chat.update', intervalMs, burst };
}
const take = (bucket: Bucket) =>
  withOrganization(database.db, bucket.organizationId, (trx) => acquireFromBucket(trx, bucket));

describe('a bucket that all workers share', () => {
  it('lets exactly its burst through when 60 ask at once, and tells the others how long to wait', async () => {
    const bucket = await openBucket(60_000, 10);
    const waits = await Promise.all(Array.from({ length: 60 }, () => take(bucket)));
    expect(waits.filter((ms) => ms === 0)).toHaveLength(10);
    for (const ms of waits.filter((wait) => wait > 0)) {
      expect(ms).toBeGreaterThan(50_000);
      expect(ms).toBeLessThanOrEqual(60_000);
    }
  });

  it('never goes over its rate while many ask without a pause', async () => {
    const bucket = await openBucket(50, 3);
    const startedAt = Date.now();
    let taken = 0;
    const asking = Array.from({ length: 8 }, async () => {
      while (Date.now() - startedAt < 1_500) if ((await take(bucket)) === 0) taken++;
    });
    await Promise.all(asking);
    const elapsed = Date.now() - startedAt;
    expect(taken).toBeLessThanOrEqual(Math.floor(elapsed / 50) + 3);
    expect(taken).toBeGreaterThan(15);
  });

  it('tells a time after which the call goes', async () => {
    const bucket = await openBucket(150, 1);
    expect(await take(bucket)).toBe(0);
    const wait = await take(bucket);
    expect(wait).toBeGreaterThan(0);
    const startedAt = Date.now();
    await until(async () => (await take(bucket)) === 0, { withinMs: 2_000, everyMs: 5 });
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(wait - 20);
    expect(Date.now() - startedAt).toBeLessThan(wait + 500);
  });

  it('takes nothing when it refuses', async () => {
    const bucket = await openBucket(60_000, 1);
    await take(bucket);
    const first = await take(bucket);
    for (let i = 0; i < 20; i++) await take(bucket);
    expect(await take(bucket)).toBeLessThanOrEqual(first);
  });

  it('stays closed for as long as Slack has asked, for every burst', async () => {
    const bucket = await openBucket(1_000, 5);
    await take(bucket);
    await withOrganization(database.db, bucket.organizationId, (trx) => pauseBucket(trx, bucket, 30_000));
    for (const burst of [1, 3, 5]) {
      const wait = await take({ ...bucket, burst });
      expect(wait).toBeGreaterThan(29_000);
      expect(wait).toBeLessThanOrEqual(35_000);
    }
  });

  it('of one name leaves the others alone', async () => {
    const bucket = await openBucket(60_000, 1);
    await take(bucket);
    expect(await take({ ...bucket, name: 'other' })).toBe(0);
  });
});
