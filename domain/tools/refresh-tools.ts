import type { Kysely } from 'kysely';
import { storableJson, isStorableText } from '../../contracts/json.ts';
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
import { ToolCallError, type ConnectionRef, type ToolSession } from './tool-ports.ts';
import { hashOf, decideListedTool } from './pins.ts';
import { createHash } from 'node:crypto';

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
interface ListedDefinition extends ListedTool {
  readonly raw: ToolDefinition;
}

function toListed(connection: Connection, definitions: readonly ToolDefinition[]): ListedDefinition[] {
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
  listed: readonly ListedDefinition[],
): Promise<void> {
  const known = new Map((await listToolsOf(trx, on.connectionId)).map((tool) => [tool.remote_name, tool]));
  const listing = { first: connection.tools_listed_at === null, ours: connection.kind === 'first_party' };
  const pinned: ListedTool[] = [];
  for (const tool of listed) {
    const decision = decideListedTool(known.get(tool.remoteName), { hash: tool.hash, definition: tool.raw }, listing);
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

/** Of model APIs: `^[A-Za-z0-9_-]{1,64}$`. */
const MAX_NAME = 64;
/** MCP allows 128 characters; a little more is forgiven, a novel is not. */
const MAX_REMOTE_NAME = 256;
const HASH_LENGTH = 8;

/** The names of a server cannot be told apart, or are none. */
export class UnusableNamesError extends Error {
  override readonly name = 'UnusableNamesError';
}

/**
 * `{slug}__{tool}` as models take it. What is too long ends in a hash of the whole name, so that it is the same each
 * time and differs from its neighbours. A slug holds no `__`, so nobody can pose as another connection.
 */
export function toolName(slug: string, remoteName: string): string {
  const name = `${slug}__${remoteName.replaceAll(/[^A-Za-z0-9_-]/g, '_')}`;
  if (name.length <= MAX_NAME) return name;
  const hash = createHash('sha256').update(remoteName).digest('hex').slice(0, HASH_LENGTH);
  return `${name.slice(0, MAX_NAME - HASH_LENGTH - 1)}_${hash}`;
}

/**
 * Our names by the server's.
 * @throws UnusableNamesError when two tools would share one, because nobody could say which of them was meant.
 */
export function nameTools(slug: string, remoteNames: readonly string[]): ReadonlyMap<string, string> {
  const named = new Map<string, string>();
  const taken = new Map<string, string>();
  for (const remoteName of remoteNames) {
    if (remoteName === '' || remoteName.length > MAX_REMOTE_NAME || !isStorableText(remoteName))
      throw new UnusableNamesError('The server has a tool without a usable name.');
    const name = toolName(slug, remoteName);
    if (taken.has(name)) throw new UnusableNamesError(`The server has two tools that would both be called ${name}.`);
    taken.set(name, remoteName);
    named.set(remoteName, name);
  }
  return named;
}
