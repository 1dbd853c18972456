import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { ConnectionAuth } from '../../contracts/connections.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import {
  dropRenewalLease,
  extendRenewalLease,
  findConnection,
  lockConnection,
  setNeedsReconnect,
  takeRenewalLease,
  updateConnection,
  type Connection,
} from '../../db/queries/connections.ts';
import { insertAudit } from '../../db/queries/organizations.ts';
import { SealedError, type Sealer } from '../../db/sealing.ts';
import type { Database } from '../../db/tables/index.ts';
import { retryWhileDatabaseUnavailable } from '../attempt.ts';
import { ToolCallError, type ConnectionRef } from '../tools/tool-ports.ts';
import type { SealedServer } from './connection-ports.ts';
import { type AuthState, openAuthState, openCredentials, sealAuthState } from './grant-state.ts';

/** A connection's secrets, opened. */
export interface OpenedGrant {
  readonly name: string;
  readonly url: string | null;
  readonly auth: ConnectionAuth;
  readonly state: AuthState;
}

/** What becomes of a grant. */
export interface GrantChange {
  readonly state?: AuthState;
  /** Only a person can go on from here: said to people, so without any secret. */
  readonly reconnect?: string;
  /** This person has just granted access: what went wrong before is forgotten. */
  readonly grantedBy?: string;
}

/** Where grants are kept. */
export interface GrantStore {
  /** @throws ToolCallError when it is not there or cannot be opened. */
  read(on: ConnectionRef): Promise<OpenedGrant>;
  /** As `read`, of a row that was read just now. */
  open(on: ConnectionRef, server: SealedServer): Promise<OpenedGrant>;
  /**
   * Changes a grant under its row's lock: `decide` only looks. What it answers is on disk when this resolves.
   * @throws ToolCallError as `read`, and whatever `decide` throws.
   */
  change(on: ConnectionRef, decide: (grant: OpenedGrant) => GrantChange): Promise<OpenedGrant>;
  /**
   * Lets one of us, in all processes, ask an authorization server for a grant's next tokens, with no transaction open
   * meanwhile. `work` is given the grant as it is under the lease. What it answers is stored unless somebody has changed
   * the grant since: then theirs stands, and is answered. Undefined while another is at it; a holder that has died is
   * forgotten within seconds. @throws ToolCallError as `read`, and whatever `work` throws.
   */
  renew(on: ConnectionRef, work: (grant: OpenedGrant) => Promise<GrantChange>): Promise<OpenedGrant | undefined>;
}

/** Without a sign of life for so long, ms, a holder is taken for dead. */
const LEASE_MS = 10_000;
const SIGN_OF_LIFE_MS = 2_500;

/** Grants in `connections`, sealed. */
export const createGrantStore = (db: Kysely<Database>, sealer: Sealer | undefined): GrantStore => ({
  read: async (on) =>
    openOrRecord(
      { db, sealer },
      on,
      await withOrganization(db, on.organizationId, (trx) => findConnection(trx, on.connectionId)),
    ),
  open: (on, server) => openOrRecord({ db, sealer }, on, server),
  change: (on, decide) => changeLocked({ db, sealer }, on, decide),
  renew: (on, work) => renewLeased({ db, sealer }, on, work),
});

interface StoreDeps {
  readonly db: Kysely<Database>;
  readonly sealer: Sealer | undefined;
}

/** `version`: only if it still is this one. */
const changeLocked = (
  { db, sealer }: StoreDeps,
  on: ConnectionRef,
  decide: (grant: OpenedGrant) => GrantChange,
  version?: number,
): Promise<OpenedGrant> =>
  withOrganization(db, on.organizationId, async (trx) => {
    const row = await lockConnection(trx, on.connectionId);
    const grant = openRow(sealer, on, row);
    if (grant instanceof UnopenedGrant || !row) throw grant instanceof UnopenedGrant ? grant.error : noConnection();
    if (version !== undefined && row.auth_version !== version) return grant;
    const { state, reconnect, grantedBy } = decide(grant);
    if (state) await putState(trx, { on, sealer, row, state });
    if (reconnect !== undefined) await recordOver(trx, { on, row, reconnect });
    if (grantedBy !== undefined) await recordGranted(trx, { on, row, grantedBy });
    return state ? { ...grant, state } : grant;
  });

async function renewLeased(
  deps: StoreDeps,
  on: ConnectionRef,
  work: (grant: OpenedGrant) => Promise<GrantChange>,
): Promise<OpenedGrant | undefined> {
  const lease = { id: on.connectionId, holder: randomUUID(), leaseMs: LEASE_MS };
  const inOrganization = <T>(query: (trx: OrganizationTransaction) => Promise<T>) =>
    withOrganization(deps.db, on.organizationId, query);
  const row = await inOrganization((trx) => takeRenewalLease(trx, lease));
  if (!row) {
    if (await inOrganization((trx) => findConnection(trx, on.connectionId))) return undefined;
    throw noConnection();
  }
  // One that fails is no reason to stop: the answer that is waited for counts, and the next one may come in time.
  const alive = setInterval(() => {
    inOrganization((trx) => extendRenewalLease(trx, lease)).catch(() => undefined);
  }, SIGN_OF_LIFE_MS).unref();
  try {
    const change = await work(await openOrRecord(deps, on, row));
    const keep = () => changeLocked(deps, on, () => change, row.auth_version);
    // A refresh token that rotates is spent by now: what it has brought must not be lost over a database that is away.
    return await retryWhileDatabaseUnavailable(keep, AbortSignal.timeout(KEEP_MS));
  } finally {
    clearInterval(alive);
    // What is not given back ends by itself.
    await inOrganization((trx) => dropRenewalLease(trx, lease.id, lease.holder)).catch(() => undefined);
  }
}

/** A database that is away is asked again for so long with new tokens in hand, ms. */
const KEEP_MS = 60_000;

async function openOrRecord(
  { db, sealer }: StoreDeps,
  on: ConnectionRef,
  server: SealedServer | undefined,
): Promise<OpenedGrant> {
  const opened = openRow(sealer, on, server);
  if (!(opened instanceof UnopenedGrant)) return opened;
  await withOrganization(db, on.organizationId, (trx) => recordUnopened(trx, on, opened));
  throw opened.error;
}

const noConnection = () => new ToolCallError('refused', 'The connection is gone.');

class UnopenedGrant {
  readonly reason: SealedError['reason'];
  readonly error: ToolCallError;
  constructor(cause: SealedError, name: string) {
    this.reason = cause.reason;
    this.error =
      cause.reason === 'no_key'
        ? new ToolCallError(
            'unavailable',
            `The credentials of ${name} cannot be opened. An operator has to mend CREDENTIAL_KEYS: ${cause.message}`,
            { cause },
          )
        : new ToolCallError('reconnect', `The credentials of ${name} are damaged. They have to be entered again.`, {
            cause,
          });
  }
}

function openRow(
  sealer: Sealer | undefined,
  on: ConnectionRef,
  row: SealedServer | undefined,
): OpenedGrant | UnopenedGrant {
  if (!row) throw noConnection();
  try {
    return {
      name: row.name,
      url: row.url,
      auth: openCredentials(sealer, on, row.credentials),
      state: openAuthState(sealer, on, row.auth_state),
    };
  } catch (error) {
    if (!(error instanceof SealedError)) throw error;
    return new UnopenedGrant(error, row.name);
  }
}

/** A missing key is the operator's to mend; asking people to enter everything again would be for nothing. */
async function recordUnopened(
  trx: OrganizationTransaction,
  on: ConnectionRef,
  { reason, error }: UnopenedGrant,
): Promise<void> {
  if (reason === 'damaged') return setNeedsReconnect(trx, on.connectionId, error.message);
  const set = { health: 'failing', last_error: error.message, checked_at: new Date().toISOString() } as const;
  await updateConnection(trx, { id: on.connectionId, set });
}

interface StateChange {
  readonly on: ConnectionRef;
  readonly sealer: Sealer | undefined;
  readonly row: Connection;
  readonly state: AuthState;
}

/** Compare-and-swap: the lock makes it so, and this would show if it ever did not. */
async function putState(trx: OrganizationTransaction, { on, sealer, row, state }: StateChange): Promise<void> {
  if (!sealer) throw new ToolCallError('unavailable', 'Grants cannot be kept: an operator has to set CREDENTIAL_KEYS.');
  const { numUpdatedRows } = await trx
    .updateTable('connections')
    .set({
      auth_state: sealAuthState(sealer, on, state),
      auth_version: row.auth_version + 1,
      auth_expires_at: state.tokens?.expiresAt ?? null,
      updated_at: new Date().toISOString(),
    })
    .where('id', '=', row.id)
    .where('auth_version', '=', row.auth_version)
    .executeTakeFirst();
  if (numUpdatedRows !== 1n) throw new ToolCallError('unavailable', 'Somebody else has changed the grant meanwhile.');
}

/** Told once, when it turns: every call of a grant that is over comes by here. */
async function recordOver(
  trx: OrganizationTransaction,
  { on, row, reconnect }: Pick<StateChange, 'on' | 'row'> & { reconnect: string },
): Promise<void> {
  if (row.health === 'reconnect' && row.last_error === reconnect) return;
  await setNeedsReconnect(trx, row.id, reconnect);
  // Without a state there was no grant yet that could have been renewed.
  const action = row.auth_state === null ? 'connection.unauthorized' : 'connection.refresh_failed';
  await audit(trx, on, { action, outcome: 'rejected', details: { reason: reconnect } });
}

async function recordGranted(
  trx: OrganizationTransaction,
  { on, row, grantedBy }: Pick<StateChange, 'on' | 'row'> & { grantedBy: string },
): Promise<void> {
  await updateConnection(trx, {
    id: row.id,
    set: { health: 'unknown', last_error: null, failures: 0, broken_until: null },
  });
  await audit(trx, on, { action: 'connection.authorized', outcome: 'done', userId: grantedBy });
}

interface GrantAudit {
  readonly action: string;
  readonly outcome: 'done' | 'rejected';
  readonly userId?: string;
  readonly details?: Record<string, unknown>;
}

const audit = (
  trx: OrganizationTransaction,
  on: ConnectionRef,
  { action, outcome, userId, details = {} }: GrantAudit,
) =>
  insertAudit(trx, {
    organization_id: on.organizationId,
    id: randomUUID(),
    user_id: userId ?? null,
    action,
    subject: on.connectionId,
    outcome,
    details: JSON.stringify(details),
  });
