import { sql, type Selectable } from 'kysely';
import type { ToolDefinition } from '../../contracts/tools.ts';
import type { OrganizationTransaction } from '../organization.ts';
import type { ConnectionToolsTable } from '../tables/tools.ts';

export type ConnectionTool = Selectable<ConnectionToolsTable>;

/** A tool with what decides whether it may be called. */
interface PinnedTool extends ConnectionTool {
  readonly provider: string;
  readonly slug: string;
  readonly connection_name: string;
  readonly user_id: string | null;
  readonly trusted: boolean;
}

/** All states, by name. */
export const listToolsOf = (trx: OrganizationTransaction, connectionId: string): Promise<ConnectionTool[]> =>
  trx
    .selectFrom('connection_tools')
    .selectAll()
    .where('connection_id', '=', connectionId)
    .orderBy('name')
    .orderBy('remote_name')
    .execute();

/** What decides whether a tool may be called now, without all that is said of it; `tool` and `state` are null for none. */
export const findCallState = (trx: OrganizationTransaction, connectionId: string, remoteName: string) =>
  trx
    .selectFrom('connections as c')
    .leftJoin('connection_tools as t', (join) =>
      join.onRef('t.connection_id', '=', 'c.id').on('t.remote_name', '=', remoteName),
    )
    .select(['c.name', 'c.enabled', 'c.broken_until', 'c.last_error', 't.name as tool', 't.state'])
    .where('c.id', '=', connectionId)
    .executeTakeFirst();

/** Tools of all connections in all states, or those of one name, in the order in which models see them. */
export const listPinnedTools = (trx: OrganizationTransaction, name?: string): Promise<PinnedTool[]> =>
  trx
    .selectFrom('connection_tools as t')
    .innerJoin('connections as c', (join) =>
      join.onRef('c.organization_id', '=', 't.organization_id').onRef('c.id', '=', 't.connection_id'),
    )
    .selectAll('t')
    .select(['c.provider', 'c.slug', 'c.name as connection_name', 'c.user_id', 'c.trusted'])
    .$if(name !== undefined, (query) => query.where('t.name', '=', name ?? ''))
    // Bytes and not a language's order: the same list everywhere keeps the models' prompt caches warm.
    .orderBy(sql`t.name collate "C"`)
    .orderBy('t.connection_id')
    .execute();

/** A definition as it is now, with the hash that admins accept. */
export interface ListedTool {
  readonly name: string;
  readonly remoteName: string;
  readonly definition: ToolDefinition;
  readonly hash: string;
}

/** What an admin has decided about a tool ends when it changes, goes, or its connection leads elsewhere. */
const NO_DECISIONS = { always_allowed: false, declared_risk: null, decided_hash: null, decided_by: null };

interface OfConnection {
  readonly organizationId: string;
  readonly connectionId: string;
}

/** Accepts these definitions as they are, whatever there was before. */
export async function pinTools(
  trx: OrganizationTransaction,
  { organizationId, connectionId }: OfConnection,
  tools: readonly ListedTool[],
): Promise<void> {
  if (tools.length === 0) return;
  await trx
    .insertInto('connection_tools')
    .values(
      tools.map((tool) => ({
        organization_id: organizationId,
        connection_id: connectionId,
        name: tool.name,
        remote_name: tool.remoteName,
        definition: JSON.stringify(tool.definition),
        hash: tool.hash,
        accepted_at: sql<string>`now()`,
      })),
    )
    .onConflict((conflict) =>
      conflict.columns(['organization_id', 'connection_id', 'remote_name']).doUpdateSet(({ ref }) => ({
        name: ref('excluded.name'),
        definition: ref('excluded.definition'),
        hash: ref('excluded.hash'),
        state: 'active',
        pending: null,
        pending_hash: null,
        accepted_at: sql`now()`,
        updated_at: sql`now()`,
        ...NO_DECISIONS,
      })),
    )
    .execute();
}

/** Switches a new or changed tool off until an admin accepts it as it is now. Nobody has accepted a new one yet. */
export async function quarantineTool(
  trx: OrganizationTransaction,
  { organizationId, connectionId }: OfConnection,
  tool: ListedTool,
): Promise<void> {
  const definition = JSON.stringify(tool.definition);
  await trx
    .insertInto('connection_tools')
    .values({
      organization_id: organizationId,
      connection_id: connectionId,
      name: tool.name,
      remote_name: tool.remoteName,
      definition,
      hash: tool.hash,
      state: 'quarantined',
      pending: definition,
      pending_hash: tool.hash,
    })
    .onConflict((conflict) =>
      conflict.columns(['organization_id', 'connection_id', 'remote_name']).doUpdateSet(({ ref }) => ({
        state: 'quarantined',
        pending: ref('excluded.pending'),
        pending_hash: ref('excluded.pending_hash'),
        updated_at: sql`now()`,
        ...NO_DECISIONS,
      })),
    )
    .execute();
}

/** The server says again what was accepted. Never for a tool that nobody has accepted. */
export async function restoreTool(trx: OrganizationTransaction, connectionId: string, remoteName: string) {
  await trx
    .updateTable('connection_tools')
    .set({ state: 'active', pending: null, pending_hash: null, updated_at: sql`now()` })
    .where('connection_id', '=', connectionId)
    .where('remote_name', '=', remoteName)
    .where('accepted_at', 'is not', null)
    .execute();
}

/** They are no longer there; what was accepted is kept, should they come back. */
export async function removeTools(
  trx: OrganizationTransaction,
  connectionId: string,
  remoteNames: readonly string[],
): Promise<void> {
  if (remoteNames.length === 0) return;
  await trx
    .updateTable('connection_tools')
    .set({ state: 'removed', pending: null, pending_hash: null, updated_at: sql`now()`, ...NO_DECISIONS })
    .where('connection_id', '=', connectionId)
    .where('remote_name', 'in', [...remoteNames])
    .execute();
}

interface AcceptedTools {
  /** Names that are on now. */
  readonly accepted: string[];
  /** Named ones that are no longer what was shown, or do not wait for anybody. */
  readonly notAccepted: string[];
}

/** Accepts quarantined tools as they were shown: each whose hash is still the one that waits. */
export async function acceptTools(
  trx: OrganizationTransaction,
  given: {
    readonly connectionId: string;
    readonly acceptedBy: string | null;
    readonly tools: readonly { readonly name: string; readonly hash: string }[];
  },
): Promise<AcceptedTools> {
  const waiting = await trx
    .selectFrom('connection_tools')
    .select(['name', 'pending_hash'])
    .where('connection_id', '=', given.connectionId)
    .where('state', '=', 'quarantined')
    .orderBy('name')
    .forUpdate()
    .execute();
  const accepted = given.tools
    .filter(({ name, hash }) => waiting.some((one) => one.name === name && hash === one.pending_hash))
    .map(({ name }) => name);
  if (accepted.length > 0)
    await trx
      .updateTable('connection_tools')
      .set({
        definition: sql`coalesce(pending, definition)`,
        hash: sql`coalesce(pending_hash, hash)`,
        state: 'active',
        pending: null,
        pending_hash: null,
        accepted_by: given.acceptedBy,
        accepted_at: sql`now()`,
        updated_at: sql`now()`,
        ...NO_DECISIONS,
      })
      .where('connection_id', '=', given.connectionId)
      .where('name', 'in', accepted)
      .execute();
  return { accepted, notAccepted: given.tools.map(({ name }) => name).filter((name) => !accepted.includes(name)) };
}

/** What an admin decides about a tool that is on, as they have seen it; answers whether it still is that. */
export async function decideTool(
  trx: OrganizationTransaction,
  { connectionId, name, hash }: { readonly connectionId: string; readonly name: string; readonly hash: string },
  set: {
    readonly always_allowed?: boolean;
    readonly declared_risk?: ConnectionTool['declared_risk'];
    readonly decided_by: string | null;
  },
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('connection_tools')
    .set({ ...set, decided_hash: hash, updated_at: sql`now()` })
    .where('connection_id', '=', connectionId)
    .where('name', '=', name)
    .where('hash', '=', hash)
    .where('state', '=', 'active')
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** The connection leads elsewhere: what was decided was decided about another server. */
export const dropDecisions = (trx: OrganizationTransaction, connectionId: string) =>
  trx.updateTable('connection_tools').set(NO_DECISIONS).where('connection_id', '=', connectionId).execute();

/** How many are on and how many wait for an admin, by connection; one without tools is not in it. */
export async function countTools(
  trx: OrganizationTransaction,
): Promise<ReadonlyMap<string, { readonly active: number; readonly quarantined: number }>> {
  const rows = await trx
    .selectFrom('connection_tools')
    .select(({ fn }) => [
      'connection_id',
      fn.countAll<number>().filterWhere('state', '=', 'active').as('active'),
      fn.countAll<number>().filterWhere('state', '=', 'quarantined').as('quarantined'),
    ])
    .groupBy('connection_id')
    .execute();
  return new Map(
    rows.map((row) => [row.connection_id, { active: Number(row.active), quarantined: Number(row.quarantined) }]),
  );
}
