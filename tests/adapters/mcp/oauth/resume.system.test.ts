import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { resumeWaiting } from '../../../../domain/connections/reconnect.ts';
import type { Approval } from '../../../../contracts/approval.ts';
import { createSealer } from '../../../../db/sealing.ts';
import { createFakeIdentity, type FakeIdentity } from '../../../fakes/identity/index.ts';
import { createLogger } from '../../../../logging.ts';
import type { ConnectionRef } from '../../../../domain/tools/tool-ports.ts';
import { createOrchestration, createTenant, type Tenant } from '../../../db/world.ts';
import { openTestDatabase, type TestDatabase } from '../../../support/database.ts';
import { backInBrowser, beginGrant, createCaller, openGrantDoor, type Caller, type GrantDoor } from './door.ts';
import { connect, newKey } from './nubabel.ts';

let database: TestDatabase;
let identity: FakeIdentity;
let tenant: Tenant;
let admin: Caller;
let door: GrantDoor;
const sealer = createSealer([newKey('k1')]);
beforeAll(async () => {
  database = await openTestDatabase();
  identity = await createFakeIdentity();
  tenant = await createTenant(database.db);
  admin = await createCaller(database, tenant, 'admin');
  door = openGrantDoor(database, sealer);
});
afterAll(async () => {
  await identity?.close();
  await database?.drop();
});

const connectHere = () => connect(database, sealer, tenant, { url: identity.resourceUrl });

describe('work that waits for the connection', () => {
  const question = (on: ConnectionRef, policy: Partial<Approval['policy']> = {}): Approval => ({
    id: `ask-${on.connectionId.slice(0, 8)}-${Object.keys(policy).length}`,
    hash: 'hash-1',
    kind: 'reconnect',
    expiresAt: new Date(Date.now() + 600_000).toISOString(),
    policy: { roles: ['admin'], asker: true, thresholdCents: 0, ...policy },
    plan: {
      agents: [],
      mode: 'parallel',
      estimatedCents: 0,
      worstCaseCents: 0,
      question: 'Reconnect',
      reconnect: { connectionId: on.connectionId, connection: 'Acme' },
    },
    choices: ['retry', 'skip', 'stop'],
  });
  const waiting = (approval: Approval) =>
    createOrchestration(database.db, tenant, { status: 'awaiting_approval', approval: JSON.stringify(approval) });

  it('goes on in the name of whoever has granted access, and nothing else does', async () => {
    const [on, other] = [await connectHere(), await connectHere()];
    const job = await waiting(question(on));
    await waiting(question(other));
    await waiting(question(on, { roles: [], asker: true, users: [] }));
    await waiting({ ...question(on), decision: { verdict: 'cancel', by: null, at: '', via: 'rest' } });
    const { url, cookie } = await beginGrant(door, on, admin);
    expect(await backInBrowser(door, await identity.grant(url), cookie)).toContain('<h1>Connected</h1>');
    const { id: approvalId, hash } = question(on);
    expect(door.dispatched).toEqual([
      {
        job,
        body: {
          verdict: 'approve',
          choice: 'retry',
          id: expect.any(String) as unknown,
          userId: admin.userId,
          via: 'rest',
          approvalId,
          hash,
        },
      },
    ]);
    const inbox = await database.look('select kind, orchestration_id from inbox where organization_id = $1', [
      tenant.organizationId,
    ]);
    expect(inbox).toEqual([{ kind: 'decision', orchestration_id: job }]);
  });

  it('is told once, however often the same person brings access back', async () => {
    const on = await connectHere();
    await waiting(question(on));
    const told: string[] = [];
    const deps = {
      db: database.db,
      log: createLogger('test', 'silent'),
      wakeReaders: () => undefined,
      workflows: undefined as never,
      dispatcher: {
        now: ({ id }: { id: string }) => Promise.resolve(void told.push(id)),
        fromBacklog: () => Promise.reject(new Error('nobody calls this here')),
      },
    };
    const { organizationId } = tenant;
    const principal = { organizationId, userId: admin.userId, name: 'Grace', role: 'admin', timeZone: 'UTC' } as const;
    await Promise.all([1, 2, 3].map(() => resumeWaiting(deps, principal, on.connectionId)));
    expect(told).toHaveLength(1);
    await resumeWaiting({ ...deps, db: undefined as never }, principal, on.connectionId);
  });
});
