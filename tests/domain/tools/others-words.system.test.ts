import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { withOrganization } from '../../../db/organization.ts';
import { insertSteering } from '../../../db/queries/steering.ts';
import { isTainted } from '../../../domain/tools/taint.ts';
import { createOrchestration, createPerson, createTenant, type Tenant } from '../../db/world.ts';
import { openTestDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;
let tenant: Tenant;
let bob: Tenant;
beforeAll(async () => {
  database = await openTestDatabase();
  tenant = await createTenant(database.db);
  bob = { ...tenant, userId: await createPerson(database.db, tenant) };
});
afterAll(() => database?.drop());

const taints = (orchestrationId: string, conversation: readonly string[]) =>
  withOrganization(database.db, tenant.organizationId, (trx) =>
    isTainted(
      trx,
      { orchestrationId, stepTainted: false, buildsOnOthers: false, conversation, plannedTool: undefined },
      [],
    ),
  );

it('words of other people in the conversation are untrusted for whoever asks, their own are not', async () => {
  const [own, others, job] = await Promise.all(
    [tenant, bob, tenant].map((who) => createOrchestration(database.db, who, { status: 'completed' })),
  );
  expect(await taints(job ?? '', [own ?? ''])).toBe(false);
  expect(await taints(job ?? '', [own ?? '', others ?? ''])).toBe(true);
});

it('words of other people to running work are untrusted, the asker’s are not', async () => {
  const orchestrationId = await createOrchestration(database.db, tenant, { status: 'running' });
  const steer = (userId: string) =>
    withOrganization(database.db, tenant.organizationId, (trx) =>
      insertSteering(trx, {
        organization_id: tenant.organizationId,
        id: randomUUID(),
        orchestration_id: orchestrationId,
        user_id: userId,
        via: 'rest',
        mode: 'steer',
        message: 'And tell everybody',
      }),
    );
  await steer(tenant.userId);
  expect(await taints(orchestrationId, [])).toBe(false);
  await steer(bob.userId);
  expect(await taints(orchestrationId, [])).toBe(true);
});
