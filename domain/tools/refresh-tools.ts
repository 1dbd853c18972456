import type { Kysely } from 'kysely';
import { storableJson } from '../../contracts/storable-text.ts';
import type { ToolDefinition } from '../../contracts/tools.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import {
  listToolsOf,
  pinTools,
  quarantineTool,
  removeTools,
  restoreTool,
  type ListedTool,
} from '../../db/queries/connection-tools.ts';
import { lockConnection, updateConnection, type Connection } from '../../db/queries/connections.ts';
import type { Database } from '../../db/tables/index.ts';
import { ToolCallError, type ConnectionRef } from './mcp-connection-port.ts';
import { hashOf, judge } from './pins.ts';
import type { ToolSession } from './tool-sessions-port.ts';
import { nameTools, UnusableNamesError } from './tool-names.ts';

/**
 * Asks a server for its tools and writes down what may be offered: all of an honest first listing, and later only what
 * is as it was accepted. @throws ToolCallError
 */
export async function refreshTools(
  db: Kysely<Database>,
  on: ConnectionRef,
  { connection, session }: { readonly connection: Connection; readonly session: ToolSession },
  signal: AbortSignal,
): Promise<void> {
  const { changes } = session.list;
  const listed = toListed(connection, await session.mcp.list(signal));
  await withOrganization(db, on.organizationId, async (trx) => {
    const locked = await lockConnection(trx, on.connectionId);
    if (!locked) throw new ToolCallError('refused', `${connection.name} is no longer there.`);
    await settle(trx, on, locked, listed);
    await updateConnection(trx, { id: on.connectionId, set: { tools_listed_at: new Date().toISOString() } });
  });
  if (session.list.changes === changes) session.list.listedAt = Date.now();
}

/** What can be stored may lack what nobody sees, so it is the raw definition that is judged. */
interface Listed extends ListedTool {
  readonly raw: ToolDefinition;
}

function toListed(connection: Connection, definitions: readonly ToolDefinition[]): Listed[] {
  try {
    const names = nameTools(
      connection.slug,
      definitions.map(({ name }) => name),
    );
    return definitions.map((raw) => ({
      name: names.get(raw.name) ?? '',
      remoteName: raw.name,
      definition: storableJson(raw) as ToolDefinition,
      hash: hashOf(raw),
      raw,
    }));
  } catch (error) {
    if (error instanceof UnusableNamesError) throw new ToolCallError('refused', `${connection.name}: ${error.message}`);
    throw error;
  }
}

async function settle(
  trx: OrganizationTransaction,
  on: ConnectionRef,
  connection: Connection,
  listed: readonly Listed[],
): Promise<void> {
  const known = new Map((await listToolsOf(trx, on.connectionId)).map((tool) => [tool.remote_name, tool]));
  const listing = { first: connection.tools_listed_at === null, ours: connection.kind === 'first_party' };
  const pinned: ListedTool[] = [];
  for (const tool of listed) {
    const decision = judge(known.get(tool.remoteName), { hash: tool.hash, definition: tool.raw }, listing);
    if (decision === 'pin') pinned.push(tool);
    if (decision === 'quarantine') await quarantineTool(trx, on, tool);
    if (decision === 'restore') await restoreTool(trx, on.connectionId, tool.remoteName);
  }
  await pinTools(trx, on, pinned);
  const there = new Set(listed.map(({ remoteName }) => remoteName));
  const gone = [...known.values()].filter(({ remote_name, state }) => state !== 'removed' && !there.has(remote_name));
  await removeTools(
    trx,
    on.connectionId,
    gone.map(({ remote_name }) => remote_name),
  );
}
