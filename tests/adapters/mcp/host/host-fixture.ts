import { randomUUID } from 'node:crypto';
import type { Insertable } from 'kysely';
import { withOrganization } from '../../../../db/organization.ts';
import { acceptTools, listToolsOf } from '../../../../db/queries/connection-tools.ts';
import { findConnection, getConnection, insertConnection } from '../../../../db/queries/connections.ts';
import type { ConnectionsTable } from '../../../../db/tables/tools.ts';
import { createToolHost } from '../../../../domain/tools/create-tool-host.ts';
import type { Credentials } from '../../../../domain/connections/connection-ports.ts';
import type { LoadedTool, ToolHost } from '../../../../domain/tools/tool-host.ts';
import { ToolCallError, type ConnectionRef } from '../../../../domain/tools/tool-ports.ts';
import { checkArguments } from '../../../../adapters/mcp/host/check-arguments.ts';
import type { Egress } from '../../../../adapters/mcp/host/egress.ts';
import { createFirstPartyTools } from '../../../../adapters/mcp/host/provider-effects.ts';
import { createSessions } from '../../../../adapters/mcp/host/sessions.ts';
import type { Provider } from '../../../../adapters/mcp/servers/define.ts';
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

interface HostSettings {
  readonly egress?: Egress;
  readonly providers?: readonly Provider[];
  readonly idleMs?: number;
}

/** One host as a process has it, and what a test wants to see of its tables. Tools are called by their servers' names. */
export function openHost(database: TestDatabase, tenant: Tenant, settings: HostSettings = {}) {
  const { egress = { allowPrivate: true }, providers = [notebook], ...more } = settings;
  const faults: unknown[] = [];
  const { vault, credentials } = openVault();
  const created = createToolHost({
    db: database.db,
    openSessions: (onToolsChanged) => createSessions({ egress, credentials, providers, onToolsChanged, ...more }),
    firstParty: createFirstPartyTools(providers),
    checkArguments,
    publicUrl: 'https://nubabel.example',
    onError: (error) => void faults.push(error),
  });
  const { organizationId } = tenant;
  const within = <T>(work: Parameters<typeof withOrganization<T>>[2]) =>
    withOrganization(database.db, organizationId, work);
  /** A tool as it is called also when it would not be offered. */
  const loaded = async ({ organizationId, connectionId }: ConnectionRef, remoteName: string): Promise<LoadedTool> => {
    const connection = await withOrganization(database.db, organizationId, (trx) => findConnection(trx, connectionId));
    if (!connection) throw new ToolCallError('refused', 'The connection is no longer there.');
    const definition = { name: remoteName, description: '', inputSchema: {}, annotations: {} };
    return { tool: { remoteName, connectionId, definition } as LoadedTool['tool'], connection };
  };
  type Rest<Method extends 'call' | 'before' | 'readBack' | 'undo'> =
    Parameters<ToolHost[Method]> extends [unknown, ...infer More] ? More : never;
  const host = {
    ...created,
    call: async (on: ConnectionRef, name: string, ...rest: Rest<'call'>) =>
      created.call(await loaded(on, name), ...rest),
    before: async (on: ConnectionRef, name: string, ...rest: Rest<'before'>) =>
      created.before(await loaded(on, name), ...rest),
    readBack: async (on: ConnectionRef, name: string, ...rest: Rest<'readBack'>) =>
      created.readBack(await loaded(on, name), ...rest),
    undo: async (on: ConnectionRef, name: string, ...rest: Rest<'undo'>) =>
      created.undo(await loaded(on, name), ...rest),
  };
  return {
    host,
    /** As one attempt at a call has it: the connection is read once. */
    attempt: { host: created, load: loaded },
    vault,
    faults,
    whom: { organizationId, userId: tenant.userId },
    async connect(row: Partial<Insertable<ConnectionsTable>>): Promise<ConnectionRef> {
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
    row: (on: ConnectionRef) => within((trx) => getConnection(trx, on.connectionId)),
    states: async (on: ConnectionRef) =>
      Object.fromEntries(
        (await within((trx) => listToolsOf(trx, on.connectionId))).map(({ remote_name, state }) => [
          remote_name,
          state,
        ]),
      ),
    /** Accepts all that waits as it is, or what is given. */
    accept: (on: ConnectionRef, tools?: { name: string; hash: string }[]) =>
      within(async (trx) => {
        const all = (await listToolsOf(trx, on.connectionId)).filter(({ state }) => state === 'quarantined');
        const shown = all.map(({ name, pending_hash: hash }) => ({ name, hash: hash ?? '' }));
        return acceptTools(trx, {
          connectionId: on.connectionId,
          acceptedBy: tenant.userId,
          tools: tools ?? shown,
        });
      }),
    offered: async (on: ConnectionRef) =>
      (await host.offer({ organizationId, userId: tenant.userId }, undefined)).tools
        .filter(({ connectionId }) => connectionId === on.connectionId)
        .map(({ remoteName }) => remoteName),
  };
}
