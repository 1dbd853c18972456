import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { withOrganization } from '../../db/organization.ts';
import { createRandom } from '../../tools/routing/random.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { createOrchestration, createTenant, type Tenant } from './world.ts';

/** T2: one pooled connection that two organizations share in turn. */
let database: TestDatabase;
let tenants: readonly [Tenant, Tenant];
beforeAll(async () => {
  database = await openTestDatabase(1);
  tenants = [await createTenant(database.db, 'One'), await createTenant(database.db, 'Two')];
  for (const tenant of tenants) await createOrchestration(database.db, tenant);
});
afterAll(() => database?.drop());

const ALTERNATIONS = 2_000;

it(`shows no foreign row in ${ALTERNATIONS} alternations with errors and aborts between them`, async () => {
  const random = createRandom(20_261_121);
  const seen = { foreign: 0, own: 0, failed: 0, naked: 0 };
  for (let turn = 0; turn < ALTERNATIONS; turn++) {
    const { organizationId } = tenants[turn % 2 === 0 ? 0 : 1];
    const mishap = random();
    await withOrganization(database.db, organizationId, async (trx) => {
      const rows = await trx.selectFrom('orchestrations').select('organization_id').execute();
      for (const row of rows) seen[row.organization_id === organizationId ? 'own' : 'foreign']++;
      if (mishap < 0.1) throw new Error('the work failed');
      if (mishap < 0.2) await sql`select 1 / 0`.execute(trx);
      if (mishap < 0.25) await sql`rollback`.execute(trx);
      if (mishap < 0.3) await sql`set local statement_timeout = 1; select pg_sleep(1)`.execute(trx);
    }).catch(() => seen.failed++);
    if (mishap > 0.9)
      await sql`select * from orchestrations`.execute(database.db).catch((error: Error) => {
        if (error.message.includes('no organization is set')) seen.naked++;
      });
  }
  expect(seen.foreign).toBe(0);
  expect(seen.own).toBe(ALTERNATIONS);
  expect(seen.failed).toBeGreaterThan(300);
  expect(seen.naked).toBeGreaterThan(100);
});

it('leaves no connection inside a transaction', async () => {
  const open = await database.look(
    `select pid from pg_stat_activity where state like 'idle in transaction%' and datname = current_database()`,
  );
  expect(open).toEqual([]);
});
