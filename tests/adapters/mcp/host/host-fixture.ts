import { randomUUID } from 'node:crypto';
import type { Insertable } from 'kysely';
import { withOrganization } from '../../../../db/organization.ts';
import { acceptTools, listToolsOf } from '../../../../db/queries/connection-tools.ts';
import { getConnection, insertConnection } from '../../../../db/queries/connections.ts';
import type { ConnectionsTable } from '../../../../db/tables/tools.ts';
import { createToolHost, type ToolHostDeps } from '../../../../domain/tools/create-tool-host.ts';
import type { Credentials } from '../../../../domain/connections/credentials-port.ts';
import type { OnConnection, ToolHost } from '../../../../domain/tools/tool-host.ts';
import { ToolCallError } from '../../../../domain/tools/mcp-connection.ts';
import type { TestDatabase } from '../../../support/database.ts';
import type { Tenant } from '../../../db/world.ts';
import { notebook } from './notebook.ts';

export const never = new AbortController().signal;
export const options = { signal: never, timeoutMs: 5_000 };

/** A vault that hands out what a test has put in it. */
export function openVault() {
  const vault = { token: 'good', renewed: [] as string[], next: 'renewed' as string | undefined };
  const credentials: Credentials = {
    fetchFor: (_on, _connection, fetch) => fetch,
    tokenFor: async () => ({ token: vault.token }),
    async renew(_on, rejected) {
      vault.renewed.push(rejected);
      if (vault.next === undefined) throw new ToolCallError('reconnect', 'Reconnect the notebook.');
      vault.token = vault.next;
      return { token: vault.token };
    },
  };
  return { vault, credentials };
}

/** One host as a process has it, and what a test wants to see of its tables. */
export function openDesk(database: TestDatabase, tenant: Tenant, deps: Partial<ToolHostDeps> = {}) {
  const faults: unknown[] = [];
  const { vault, credentials } = openVault();
  const host: ToolHost = createToolHost({
    db: database.db,
    egress: { allowPrivate: true },
    credentials,
    providers: [notebook],
    publicUrl: 'https://nubabel.example',
    onError: (error) => void faults.push(error),
    ...deps,
  });
  const { organizationId } = tenant;
  const within = <T>(work: Parameters<typeof withOrganization<T>>[2]) =>
    withOrganization(database.db, organizationId, work);
  return {
    host,
    vault,
    faults,
    whom: { organizationId, userId: tenant.userId },
    async connect(row: Partial<Insertable<ConnectionsTable>>): Promise<OnConnection> {
      const id = randomUUID();
      await within((trx) =>
        insertConnection(trx, {
          organization_id: organizationId,
          id,
          provider: 'acme',
          slug: `s${id.slice(0, 8).replaceAll(/[^a-z0-9]/g, '')}`,
          name: 'Acme',
          kind: 'remote',
          auth_kind: 'none',
          ...row,
        }),
      );
      return { organizationId, connectionId: id };
    },
    row: (on: OnConnection) => within((trx) => getConnection(trx, on.connectionId)),
    states: async (on: OnConnection) =>
      Object.fromEntries(
        (await within((trx) => listToolsOf(trx, on.connectionId))).map(({ remote_name, state }) => [
          remote_name,
          state,
        ]),
      ),
    accept: (on: OnConnection, tools?: { name: string; hash?: string }[]) =>
      within((trx) => acceptTools(trx, { connectionId: on.connectionId, acceptedBy: tenant.userId, tools })),
    offered: async (on: OnConnection) =>
      (await host.offer({ organizationId, userId: tenant.userId }, undefined)).tools
        .filter(({ connectionId }) => connectionId === on.connectionId)
        .map(({ remoteName }) => remoteName),
  };
}
