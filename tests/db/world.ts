import { randomUUID } from 'node:crypto';
import type { Insertable, Kysely } from 'kysely';
import { withOrganization } from '../../db/organization.ts';
import { agentStepsInsert } from '../../db/queries/steps.ts';
import { insertOrchestration } from '../../db/queries/orchestrations.ts';
import { putOrganization, putUser } from '../../db/queries/organizations.ts';
import { sessionInsert } from '../../db/queries/sessions.ts';
import type { Database } from '../../db/tables/index.ts';
import type { UsersTable } from '../../db/tables/organizations.ts';
import type { OrchestrationsTable } from '../../db/tables/work.ts';
import type { AgentId } from '../../contracts/agents.ts';

/** An organization with one person and one conversation. */
export interface Tenant {
  readonly organizationId: string;
  readonly userId: string;
  readonly sessionId: string;
}

type Db = Kysely<Database>;

export async function createTenant(db: Db, name = 'Acme', user: Partial<Insertable<UsersTable>> = {}): Promise<Tenant> {
  const tenant = { organizationId: randomUUID(), userId: randomUUID(), sessionId: randomUUID() };
  const { organizationId, userId, sessionId } = tenant;
  await withOrganization(db, organizationId, async (trx) => {
    await putOrganization(trx, { id: organizationId, name });
    await putUser(trx, { organization_id: organizationId, id: userId, name: 'Ada', role: 'user', ...user });
    await sessionInsert(trx, {
      organization_id: organizationId,
      id: sessionId,
      user_id: userId,
      source: 'rest',
      title: `A conversation of ${name}`,
    }).execute();
  });
  return tenant;
}

export const createPerson = (db: Db, { organizationId }: Tenant, id = randomUUID()): Promise<string> =>
  withOrganization(db, organizationId, async (trx) => {
    await putUser(trx, { organization_id: organizationId, id, name: 'Bob', role: 'user' });
    return id;
  });

/** One accepted request of the tenant; answers its id. */
export async function createOrchestration(
  db: Db,
  tenant: Tenant,
  changes: Partial<Insertable<OrchestrationsTable>> = {},
  agents: readonly AgentId[] = [],
): Promise<string> {
  const id = randomUUID();
  const { organizationId } = tenant;
  await withOrganization(db, organizationId, async (trx) => {
    await insertOrchestration(trx, {
      organization_id: organizationId,
      id,
      session_id: tenant.sessionId,
      user_id: tenant.userId,
      source: 'rest',
      message: 'Draft a launch tweet',
      language: 'en',
      options: '{}',
      ...changes,
    });
    if (agents.length > 0)
      await agentStepsInsert(trx, {
        organizationId,
        orchestrationId: id,
        agents: agents.map((agent) => ({ agent, relevance: 1 })),
      }).execute();
  });
  return id;
}
