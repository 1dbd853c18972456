import type { Kysely } from 'kysely';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { listPinnedTools } from '../../db/queries/connection-tools.ts';
import { listConnections, type Connection } from '../../db/queries/connections.ts';
import type { Database } from '../../db/tables/index.ts';
import {
  LIST_TIMEOUT_MS,
  listAgain,
  listIfStale,
  overSession,
  readConnection,
  refuseUnlessCallable,
  type AccessDeps,
  createHealthRecorder,
  refuseWhileBroken,
} from './connection-access.ts';
import { ToolCallError, type ConnectionRef, type ProviderEffects, type ToolPorts } from './tool-ports.ts';
import { withLargeIntegers } from './clean-definition.ts';
import { toOffer, type OrganizationTools } from './offers.ts';
import { testConnection } from './test-connection.ts';
import type { LoadedTool, ToolHost, ToolUser } from './tool-host.ts';

interface ToolHostDeps extends ToolPorts {
  readonly db: Kysely<Database>;
  /** Of the console, without a slash at the end. */
  readonly publicUrl: string;
  /** Faults that nobody waits for: a list that could not be refreshed in the background, a health that was not written. */
  readonly onError: (error: unknown, on: ConnectionRef) => void;
}

export function createToolHost(deps: ToolHostDeps): ToolHost {
  const { db, firstParty, onError } = deps;
  const health = createHealthRecorder(db, onError);
  const sessions = deps.openSessions((on) => void listInBackground(on));
  const access: AccessDeps = { db, sessions, health };

  const refresh: ToolHost['refresh'] = async (on, signal) => {
    const connection = await readConnection(db, on);
    await overSession(access, connection, signal, (session) => listAgain(access, connection, session, signal));
  };
  /** The next call waits for a fresh list all the same; this only lets people see the change sooner. */
  const listInBackground = async (on: ConnectionRef): Promise<void> => {
    await sessions.expireList(on);
    await refresh(on, AbortSignal.timeout(LIST_TIMEOUT_MS)).catch((error: unknown) => onError(error, on));
  };
  return {
    ...createOffers(deps),
    call: async (loaded, args, { beforeSending, ...options }) => {
      const { remoteName } = loaded.tool;
      const connection = callable(loaded);
      return overSession(access, connection, options.signal, async (session) => {
        await listIfStale(access, connection, session, options.signal);
        const check = (trx: OrganizationTransaction) => refuseUnlessCallable(trx, connection, remoteName);
        if (!beforeSending) await withOrganization(db, connection.organization_id, check);
        const sendUntil = await beforeSending?.(check);
        // What is sent is what was meant: the schema is the server's own, and so are the names by now.
        const sent = connection.kind === 'remote' ? withLargeIntegers(args, inputSchemaOf(loaded), toRawNumber) : args;
        return session.mcp.call(remoteName, sent, { ...options, ...(sendUntil !== undefined && { sendUntil }) });
      });
    },
    before: (loaded, args, options) =>
      atProvider(access, loaded, options.signal, (effects, tool) => effects?.before(tool, args, options)),
    readBack: async (loaded, request, options) =>
      (await atProvider(access, await readAgain(db, loaded), options.signal, (effects, tool) =>
        effects?.readBack(tool, request, options),
      )) ?? 'unclear',
    undo: async (loaded, done, options) => {
      const undone = await atProvider(access, loaded, options.signal, (effects, tool) =>
        effects?.undo(tool, done, options),
      );
      if (undone === undefined) throw new ToolCallError('refused', `${loaded.tool.remoteName} cannot be undone.`);
      return undone;
    },
    resource: firstParty.resource,
    checkArguments: (schema, args) => deps.checkArguments(schema, withLargeIntegers(args, schema, Number)),
    refresh,
    test: (on, signal) => testConnection(access, on, signal),
    forget: async (on) => sessions.forget(on),
    close: () => sessions.close(),
  };
}

const inputSchemaOf = ({ tool }: LoadedTool): Record<string, unknown> => tool.definition.inputSchema;

/** A number of any length, to the digit, in the JSON that is sent. ES2025, and not in TypeScript's library yet. */
const toRawNumber = (digits: string): unknown =>
  (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(digits.replace(/^(-?)0+(?=\d)/, '$1'));

/** What may be called, from our own tables. */
function createOffers({
  db,
  firstParty,
  publicUrl,
}: ToolHostDeps): Pick<ToolHost, 'offerIn' | 'offer' | 'find' | 'load'> {
  const terms = () => ({ firstParty, publicUrl, now: new Date() });
  const offerIn: ToolHost['offerIn'] = async (trx, to) => {
    const [known, { category, ...user }] = await Promise.all([readTools(trx), to]);
    return toOffer(known, user, category, terms());
  };
  const load = async (trx: OrganizationTransaction, user: ToolUser, name: string, alsoResting: boolean) => {
    const known = await readTools(trx, name);
    const tool = toOffer(known, user, undefined, { ...terms(), alsoResting }).tools.find((one) => one.name === name);
    return tool && { tool, connection: known.connections.find(({ id }) => id === tool.connectionId) };
  };
  return {
    offerIn,
    offer: (user, category) => withOrganization(db, user.organizationId, (trx) => offerIn(trx, { ...user, category })),
    find: async (user, name) =>
      (await withOrganization(db, user.organizationId, (trx) => load(trx, user, name, false)))?.tool,
    load: (trx, user, name) => load(trx, user, name, true),
  };
}

/** Tools of all connections, or those of one name. Most organizations have no connection: then one look is all. */
async function readTools(trx: OrganizationTransaction, name?: string): Promise<OrganizationTools> {
  const connections = await listConnections(trx);
  return { connections, tools: connections.length > 0 ? await listPinnedTools(trx, name) : [] };
}

/** @throws ToolCallError `refused` for what is called elsewhere, `broken` while the circuit is open. */
function callable({ tool, connection }: LoadedTool): Connection {
  if (!connection) throw new ToolCallError('refused', `${tool.name} is not called over a connection.`);
  if (!connection.enabled) throw new ToolCallError('refused', `${connection.name} is turned off.`);
  refuseWhileBroken(connection);
  return connection;
}

/** With the connection as the call before has left it: its failure is counted, and forgotten when the server answers. */
const readAgain = async (db: Kysely<Database>, loaded: LoadedTool): Promise<LoadedTool> => {
  if (!loaded.connection) return loaded;
  const { organization_id: organizationId, id: connectionId } = loaded.connection;
  return { ...loaded, connection: await readConnection(db, { organizationId, connectionId }) };
};

/** What only first-party servers can do; others are not even asked. */
async function atProvider<T>(
  access: AccessDeps,
  loaded: LoadedTool,
  signal: AbortSignal,
  work: (effects: ProviderEffects | undefined, remoteName: string) => Promise<T> | undefined,
): Promise<T | undefined> {
  if (loaded.connection?.kind !== 'first_party') return undefined;
  return overSession(access, callable(loaded), signal, async ({ effects }) => work(effects, loaded.tool.remoteName));
}
