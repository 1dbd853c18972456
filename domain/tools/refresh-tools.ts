import type { Kysely } from 'kysely';
import { storableJson, isStorableText } from '../../contracts/json.ts';
import { showInvisible } from '../../contracts/clean-text.ts';
import type { ToolDefinition, UnusableTool } from '../../contracts/tools.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import {
  listToolsOf,
  pinTools,
  quarantineTool,
  removeTools,
  restoreTool,
  type ConnectionTool,
  type ListedTool,
} from '../../db/queries/connection-tools.ts';
import { lockConnection, updateConnection, type Connection } from '../../db/queries/connections.ts';
import type { Database } from '../../db/tables/index.ts';
import { ToolCallError, type ConnectionRef, type ToolSession } from './tool-ports.ts';
import { UnusableSchemaError } from './mend-schema.ts';
import { toModelSchema } from './clean-definition.ts';
import { hashOf, decideListedTool, suspicionOf } from './pins.ts';
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
  const { tools, unusable } = await session.mcp.list(signal);
  // A stranger's list may take seconds to read: nobody waits for the connection's row meanwhile.
  const read = readDefinitions(tools);
  await withOrganization(db, on.organizationId, async (trx) => {
    const locked = await lockConnection(trx, on.connectionId);
    if (!locked) throw new ToolCallError('refused', `${connection.name} is no longer there.`);
    const known = await listToolsOf(trx, on.connectionId);
    await settle(trx, on, locked, known, nameListed(locked, read.usable, known));
    const left = [...unusable, ...read.unusable].slice(0, MAX_UNUSABLE);
    const set = { tools_listed_at: new Date().toISOString(), unusable_tools: JSON.stringify(left) };
    await updateConnection(trx, { id: on.connectionId, set });
  });
  if (session.list.changes === changes) session.list.listedAt = Date.now();
}

/** More are not told one by one. */
const MAX_UNUSABLE = 100;

/** What can be stored may lack what nobody sees, so it is the raw definition that is judged. */
interface ListedDefinition extends ListedTool {
  readonly isSuspicious: boolean;
}

type ReadDefinition = Omit<ListedDefinition, 'name'>;

/** All that can be used, and what cannot and why: one odd tool never hides the others. */
function readDefinitions(definitions: readonly ToolDefinition[]): {
  readonly usable: ReadDefinition[];
  readonly unusable: UnusableTool[];
} {
  const unusable: UnusableTool[] = [];
  const usable: ReadDefinition[] = [];
  for (const raw of definitions) {
    const reason = reasonAgainst(raw);
    if (reason === undefined)
      usable.push({
        remoteName: raw.name,
        definition: storableJson(raw) as ToolDefinition,
        hash: hashOf(raw),
        isSuspicious: suspicionOf(raw) !== undefined,
      });
    else unusable.push({ tool: showInvisible(raw.name).slice(0, 100), reason });
  }
  return { usable, unusable };
}

function nameListed(
  { slug }: Connection,
  usable: readonly ReadDefinition[],
  known: readonly ConnectionTool[],
): ListedDefinition[] {
  const remoteNames = usable.map(({ remoteName }) => remoteName);
  const names = nameTools(slug, remoteNames, known);
  return usable.map((tool) => ({ ...tool, name: names.get(tool.remoteName) ?? '' }));
}

function reasonAgainst({ name, inputSchema }: ToolDefinition): string | undefined {
  if (name.length > MAX_REMOTE_NAME || !isStorableText(name)) return 'It has no usable name.';
  try {
    toModelSchema(inputSchema);
    return undefined;
  } catch (error) {
    if (error instanceof UnusableSchemaError) return error.message;
    throw error;
  }
}

async function settle(
  trx: OrganizationTransaction,
  on: ConnectionRef,
  connection: Connection,
  before: readonly ConnectionTool[],
  listed: readonly ListedDefinition[],
): Promise<void> {
  const known = new Map(before.map((tool) => [tool.remote_name, tool]));
  const listing = { first: connection.tools_listed_at === null, ours: connection.kind === 'first_party' };
  const pinned: ListedTool[] = [];
  for (const tool of listed) {
    const decision = decideListedTool(known.get(tool.remoteName), tool, listing);
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

/**
 * `{slug}__{tool}` as models take it, or undefined where that says too little: the name is too long, or holds letters that
 * models do not take. A slug holds no `__`, so nobody can pose as another connection.
 */
function plainName(slug: string, remoteName: string): string | undefined {
  if (/[^\x20-\x7e]/.test(remoteName)) return undefined;
  const name = `${slug}__${remoteName.replaceAll(/[^A-Za-z0-9_-]/g, '_')}`;
  return name.length <= MAX_NAME ? name : undefined;
}

/** Ends in a hash of the whole name, so that it is the same each time and differs from its neighbours. */
function hashedName(slug: string, remoteName: string): string {
  const hash = createHash('sha256').update(remoteName).digest('hex').slice(0, HASH_LENGTH);
  const words = remoteName.replaceAll(/[^A-Za-z0-9_-]+/g, '_').replaceAll(/^_+|_+$/g, '');
  return `${`${slug}__${words}`.slice(0, MAX_NAME - HASH_LENGTH - 1)}_${hash}`;
}

/** The name of one tool, were it alone. */
export const toolName = (slug: string, remoteName: string): string =>
  plainName(slug, remoteName) ?? hashedName(slug, remoteName);

/**
 * Our names by the server's. A tool keeps the name that it was given first; of two that would share one, the one that is
 * spelled so has it, and the other ends in a hash.
 */
export function nameTools(
  slug: string,
  remoteNames: readonly string[],
  known: readonly Pick<ConnectionTool, 'name' | 'remote_name'>[] = [],
): ReadonlyMap<string, string> {
  const named = new Map(known.map(({ name, remote_name }) => [remote_name, name]));
  const taken = new Set(named.values());
  const isSpelledSo = (remoteName: string): boolean => plainName(slug, remoteName) === `${slug}__${remoteName}`;
  for (const remoteName of remoteNames.toSorted((a, b) => Number(isSpelledSo(b)) - Number(isSpelledSo(a)))) {
    if (named.has(remoteName)) continue;
    const wanted = toolName(slug, remoteName);
    const name = taken.has(wanted) ? hashedName(slug, remoteName) : wanted;
    taken.add(name);
    named.set(remoteName, name);
  }
  return named;
}
