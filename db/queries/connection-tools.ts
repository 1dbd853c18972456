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
    .set({ state: 'removed', pending: null, pending_hash: null, updated_at: sql`now()` })
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

/** Accepts quarantined tools as they are now: all of them, or the named ones, where a hash has to be the one shown. */
export async function acceptTools(
  trx: OrganizationTransaction,
  given: {
    readonly connectionId: string;
    readonly acceptedBy: string | null;
    readonly tools?: readonly { readonly name: string; readonly hash?: string | undefined }[] | undefined;
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
  const wanted: NonNullable<typeof given.tools> = given.tools ?? waiting.map(({ name }) => ({ name }));
  const accepted = wanted
    .filter(({ name, hash }) =>
      waiting.some((one) => one.name === name && (hash ?? one.pending_hash) === one.pending_hash),
    )
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
      })
      .where('connection_id', '=', given.connectionId)
      .where('name', 'in', accepted)
      .execute();
  return { accepted, notAccepted: wanted.map(({ name }) => name).filter((name) => !accepted.includes(name)) };
}

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
