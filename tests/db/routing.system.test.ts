import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { createLocalRouter } from '../../domain/routing/local-router.ts';
import { insertWithRoute } from '../../domain/routing/insert-with-route.ts';
import { addOverride } from '../../domain/routing/overrides.ts';
import type { ApiDeps } from '../../api/deps.ts';
import type { AgentId } from '../../contracts/agents.ts';
import { withOrganization } from '../../db/organization.ts';
import type { Orchestration } from '../../db/queries/orchestrations.ts';
import type { IntentModel } from '../../domain/routing/intents.ts';
import type { RouterModel } from '../../domain/routing/model.ts';
import { loadIntentModel, loadModel } from '../domain/routing/load-router.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTenant, type Tenant } from './world.ts';

let database: TestDatabase;
let model: RouterModel;
let intentModel: IntentModel;
beforeAll(async () => {
  [database, model, intentModel] = await Promise.all([openTestDatabase(20), loadModel(), loadIntentModel()]);
});
afterAll(() => database?.drop());

/** A door with a memory of its own, as each API process has one; it counts how often it had to learn. */
function openDoor() {
  const router = createLocalRouter(model, intentModel);
  const learned: number[] = [];
  const learn: typeof router.learn = (organizationId, taught) => {
    learned.push(taught.version);
    router.learn(organizationId, taught);
  };
  const deps = {
    db: database.db,
    router: { ...router, learn },
    routingCache: true,
  } as Partial<ApiDeps> as ApiDeps;
  return { deps, learned };
}

const ask = ({ deps }: ReturnType<typeof openDoor>, tenant: Tenant, message: string): Promise<Orchestration> =>
  withOrganization(deps.db, tenant.organizationId, (trx) =>
    insertWithRoute(
      deps,
      trx,
      { organizationId: tenant.organizationId, message, options: {} },
      {
        organization_id: tenant.organizationId,
        id: randomUUID(),
        session_id: tenant.sessionId,
        user_id: tenant.userId,
        source: 'rest',
        message,
        language: 'en',
        options: '{}',
      },
    ),
  );

const teach = ({ deps }: ReturnType<typeof openDoor>, tenant: Tenant, text: string, agent: AgentId) =>
  addOverride(
    deps,
    { organizationId: tenant.organizationId, userId: tenant.userId, name: 'Ada', role: 'admin', timeZone: 'UTC' },
    { text, agents: [agent] },
  );

const agentOf = ({ local_route: local }: Orchestration) => local?.agents[0]?.agent;

const TEXT = 'Fix the bug in our login api';

describe('an override', () => {
  it('given at one door is followed by every other with its next request, and learned once', async () => {
    const tenant = await createTenant(database.db);
    const [first, second] = [openDoor(), openDoor()];
    expect(agentOf(await ask(second, tenant, TEXT))).toBe('engineering');
    await teach(first, tenant, TEXT, 'brand');
    for (const door of [second, first, second, first]) {
      const { local_route: local } = await ask(door, tenant, TEXT);
      expect(local).toMatchObject({ agents: [{ agent: 'brand' }], decidedBy: 'override', confidence: 1, version: 1 });
    }
    await teach(second, tenant, TEXT, 'growth');
    for (const door of [first, second]) expect(agentOf(await ask(door, tenant, TEXT))).toBe('growth');
    expect([first.learned, second.learned]).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  it('costs an organization without any nothing to learn', async () => {
    const [taught, untaught] = [await createTenant(database.db), await createTenant(database.db)];
    const door = openDoor();
    await teach(door, taught, TEXT, 'brand');
    expect(agentOf(await ask(door, untaught, TEXT))).toBe('engineering');
    expect(door.learned).toEqual([]);
  });

  it('counts for requests that come while others are given, from its commit on', async () => {
    const tenant = await createTenant(database.db);
    const doors = [openDoor(), openDoor()];
    const agents: AgentId[] = ['brand', 'growth', 'ops', 'support', 'finance', 'product'];
    for (const agent of agents) {
      await teach(openDoor(), tenant, TEXT, agent);
      const asked = await Promise.all([...doors, ...doors, ...doors].map((door) => ask(door, tenant, TEXT)));
      expect(asked.map(agentOf)).toEqual(asked.map(() => agent));
    }
  });

  it('that several admins give at once of the same words leaves the last one and no error', async () => {
    const tenant = await createTenant(database.db);
    const door = openDoor();
    const agents: AgentId[] = ['brand', 'growth', 'ops', 'support', 'finance', 'product'];
    await Promise.all(agents.map((agent) => teach(door, tenant, TEXT, agent)));
    const rows = await database.look<{ agents: AgentId[]; version: number }>(
      `select o.agents, v.version from routing_overrides o join routing_versions v using (organization_id)
       where organization_id = $1`,
      [tenant.organizationId],
    );
    expect(rows).toMatchObject([{ version: agents.length }]);
    expect(agentOf(await ask(door, tenant, TEXT))).toBe(rows[0]?.agents[0]);
  });
});

describe('the memory of a door', () => {
  it('holds a bounded number of organizations, and learns again what it let go', async () => {
    const router = createLocalRouter(model, intentModel);
    const taught = { version: 1, overrides: [{ id: 'o', text: TEXT, agents: ['brand' as const] }] };
    const organizations = Array.from({ length: 65 }, (_, n) => `organization-${n}`);
    for (const one of organizations) router.learn(one, taught);
    expect(router.route(TEXT, 'organization-0')).toMatchObject({ version: 0, agents: [{ agent: 'engineering' }] });
    expect(router.route(TEXT, 'organization-1')).toMatchObject({ version: 1, agents: [{ agent: 'brand' }] });
    router.learn('organization-0', taught);
    // The one that was asked a moment ago stays; the next oldest goes.
    expect(router.route(TEXT, 'organization-1').version).toBe(1);
    expect(router.route(TEXT, 'organization-2').version).toBe(0);
  });
});
