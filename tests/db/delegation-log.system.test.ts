import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { withOrganization } from '../../db/organization.ts';
import { insertDelegationLog, MAX_LOG_LINES, listEvents } from '../../db/queries/events.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { createOrchestration, createTenant, type Tenant } from './world.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database?.drop());

const lines = (count: number) => Array.from({ length: count }, (_, index) => `line ${index + 1}`);
const insert = ({ organizationId }: Tenant, orchestrationId: string, given: readonly string[], callId = 'call-1') =>
  withOrganization(database.db, organizationId, (trx) =>
    insertDelegationLog(trx, { organizationId, orchestrationId, tool: 'delegate__opencode', callId, lines: given }),
  );
const read = async ({ organizationId }: Tenant, orchestrationId: string) => {
  const events = await withOrganization(database.db, organizationId, (trx) =>
    listEvents(trx, { afterId: 0, orchestrationId, limit: 1_000 }),
  );
  return events.map(({ event }) => event);
};

describe('log lines of delegated tasks', () => {
  it('are events of their job and of whom it belongs to', async () => {
    const tenant = await createTenant(database.db);
    const job = await createOrchestration(database.db, tenant);
    expect(await insert(tenant, job, ['▸ Bash npm test', 'NUL \u0000 and half \ud800'])).toBe(2);
    expect(await read(tenant, job)).toEqual([
      expect.objectContaining({
        type: 'delegation_log',
        jobId: job,
        sessionId: tenant.sessionId,
        data: { tool: 'delegate__opencode', callId: 'call-1', lines: ['▸ Bash npm test', 'NUL  and half \ufffd'] },
      }),
    ]);
  });

  it('are kept up to a limit per job, however many tasks write at once, and it is said that more came', async () => {
    const tenant = await createTenant(database.db);
    const [job, other] = [
      await createOrchestration(database.db, tenant),
      await createOrchestration(database.db, tenant),
    ];
    const kept = await Promise.all(Array.from({ length: 8 }, (_, n) => insert(tenant, job, lines(90), `call-${n}`)));
    expect(kept.reduce((sum, count) => sum + count, 0)).toBe(MAX_LOG_LINES - 1);
    const all = (await read(tenant, job)).flatMap(({ data }) => data?.['lines'] as string[]);
    expect(all).toHaveLength(MAX_LOG_LINES);
    expect(all.at(-1)).toBe('… further lines are not kept');
    expect(await insert(tenant, job, ['too late'])).toBe(0);
    expect(await insert(tenant, other, ['room here'])).toBe(1);
  });

  it('of a job of somebody else are nobody’s', async () => {
    const [tenant, outsider] = [await createTenant(database.db), await createTenant(database.db)];
    const job = await createOrchestration(database.db, tenant);
    expect(await insert(outsider, job, ['hello'])).toBe(0);
    expect(await read(tenant, job)).toEqual([]);
  });
});
