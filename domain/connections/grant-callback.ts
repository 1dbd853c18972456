import { withOrganization } from '../../db/organization.ts';
import {
  findConnection,
  findStateOrganization,
  consumeOauthState,
  type OauthState,
} from '../../db/queries/connections.ts';
import { findUser } from '../../db/queries/organizations.ts';
import { SealedError, sealedFor } from '../../db/sealing.ts';
import { ToolCallError, type ConnectionRef } from '../tools/tool-ports.ts';
import { GrantError, isRegistration } from './connection-ports.ts';
import { createGrantStore, type GrantChange } from './grant-store.ts';
import { openPending, type PendingGrant } from './grant-state.ts';
import { retryWhileDatabaseUnavailable } from '../attempt.ts';
import { audit } from '../audit.ts';
import { refreshTools } from './check.ts';
import { isHashOf, refuseGrant, sha256, type GrantDeps } from './grants.ts';
import { resumeWaiting } from './reconnect.ts';
import { type Principal, RequestError } from '../../contracts/request.ts';

/** What a person is told. Nothing that came with the request is shown. */
export const OUTCOMES = [
  'connected',
  'denied',
  'expired',
  'used',
  'browser',
  'client',
  'scope',
  'refused',
  'unavailable',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** What an authorization server has sent the browser back with. */
interface GrantCallback {
  readonly state: string | undefined;
  readonly code: string | undefined;
  readonly iss: string | undefined;
  readonly error: string | undefined;
  /** What this browser was given for this state. */
  readonly cookie: string | undefined;
}

/** A try that is refused; told in the audit, and in one of few words to whoever tried. */
class RefusedGrantError extends Error {
  override readonly name = 'RefusedGrantError';
  readonly outcome: Outcome;
  constructor(outcome: Outcome, reason: string) {
    super(reason);
    this.outcome = outcome;
  }
}

/** `state` as we make it: 32 bytes. */
const STATE = /^[\w-]{43}$/;

/**
 * Takes up a grant that somebody has gone to give: once, within its time, in the browser that asked, for the person who
 * asked. Then the code is changed for tokens, they are stored, and what waits for the connection goes on.
 */
export async function finishGrant(deps: GrantDeps, back: GrantCallback): Promise<Outcome> {
  const stateHash = back.state && STATE.test(back.state) ? sha256(back.state) : undefined;
  const organizationId = stateHash && (await findStateOrganization(deps.db, stateHash));
  if (!stateHash || !organizationId) {
    deps.log.warn({}, 'a grant came back with a state that was never given, or too long ago');
    return 'expired';
  }
  const consumed = await withOrganization(deps.db, organizationId, (trx) => consumeOauthState(trx, stateHash));
  if (!consumed) return 'expired';
  const { row } = consumed;
  try {
    if (consumed.used) throw new RefusedGrantError('used', 'the state was used before');
    return await completeGrant(deps, row, back);
  } catch (error) {
    const refused = toRefused(error);
    await auditRefused(deps, row, refused);
    return refused.outcome;
  }
}

async function completeGrant(deps: GrantDeps, row: OauthState, back: GrantCallback): Promise<Outcome> {
  const { organization_id: organizationId, connection_id: connectionId, browser_hash: browser } = row;
  if (browser && !(back.cookie && isHashOf(back.cookie, browser)))
    throw new RefusedGrantError('browser', 'it came back in another browser');
  const pending = openPending(deps.sealer, sealedFor.oauthState(organizationId, row.state_hash), row.sealed);
  if (back.error !== undefined) throw await refusalOf(deps, { organizationId, connectionId }, pending, back.error);
  if (!back.code) throw new RefusedGrantError('refused', 'there was no code');
  const principal = await principalOf(deps, row);
  await store(deps, { principal, connectionId, pending, back: { code: back.code, iss: back.iss } });
  await resumeWork(deps, principal, connectionId);
  return 'connected';
}

/** What the server may say of a client of ours instead of asking the person. */
const OF_CLIENT = new Set(['invalid_client', 'unauthorized_client', 'invalid_scope']);

/** An error that came instead of a code: one that speaks of our registration makes the next grant register anew. */
async function refusalOf(deps: GrantDeps, on: ConnectionRef, pending: PendingGrant, error: string) {
  if (error === 'access_denied') return new RefusedGrantError('denied', 'the person or the server said no');
  if (OF_CLIENT.has(error) && (await forgetClient(deps, on, pending)))
    return new RefusedGrantError('client', `the authorization server refused the registration of Nubabel: ${error}`);
  const outcome = error === 'invalid_scope' ? 'scope' : 'refused';
  return new RefusedGrantError(outcome, `the authorization server answered with an error of the kind "${outcome}"`);
}

/**
 * Keeps that the server does not take our registration. Answers false for a client that a person has named, and for one
 * that was registered just for this: there a new one would help nobody, and what was wanted beyond the usual is dropped.
 */
async function forgetClient(deps: GrantDeps, on: ConnectionRef, { client }: PendingGrant): Promise<boolean> {
  let isOld = false;
  await createGrantStore(deps.db, deps.sealer).change(on, ({ state }) => {
    isOld = isRegistration(client) && client.client_id === state.client?.client_id;
    const { wantedScope, ...rest } = state;
    if (isOld) return { state: { ...state, client: { ...client, forgotten: true } } };
    return wantedScope === undefined ? {} : { state: rest };
  });
  return isOld;
}

/** The person as they are now: who may not any more grants nothing. */
const principalOf = ({ db }: GrantDeps, row: OauthState): Promise<Principal> =>
  withOrganization(db, row.organization_id, async (trx) => {
    const user = await findUser(trx, row.user_id);
    const connection = await findConnection(trx, row.connection_id);
    if (!user || !connection) throw new RefusedGrantError('refused', 'the person or the connection is gone');
    const { id: userId, name, role, time_zone: timeZone } = user;
    const principal = { organizationId: row.organization_id, userId, name, role, timeZone };
    if (role === 'guest') throw new RefusedGrantError('refused', 'guests grant nothing');
    refuseGrant(principal, connection);
    return principal;
  });

interface Storing extends Pick<ConnectionRef, 'connectionId'> {
  readonly principal: Principal;
  readonly pending: PendingGrant;
  readonly back: { readonly code: string; readonly iss: string | undefined };
}

async function store(deps: GrantDeps, { principal, connectionId, pending, back }: Storing): Promise<void> {
  const on = { organizationId: principal.organizationId, connectionId };
  const state = await deps.authorizations.finish({ pending, ...back }).catch(async (error: unknown) => {
    const isOfClient = error instanceof GrantError && error.fault === 'client';
    throw isOfClient && (await forgetClient(deps, on, pending))
      ? new RefusedGrantError('client', error.message)
      : error;
  });
  const grants = createGrantStore(deps.db, deps.sealer);
  const keep = () =>
    grants.change(on, ({ auth, state: before }): GrantChange => {
      const isSame = auth.kind === 'oauth' && (!auth.clientId || auth.clientId === pending.client.client_id);
      if (!isSame) throw new RefusedGrantError('refused', 'the credentials of the connection were changed meanwhile');
      const { wantedScope } = before;
      return { state: { ...state, ...(wantedScope && { wantedScope }) }, grantedBy: principal.userId };
    });
  // The code is spent: what it has brought is kept, also when the database is away for half a minute.
  await retryWhileDatabaseUnavailable(keep, AbortSignal.timeout(30_000));
}

/** A person waits for the page; tools that are not listed by then are with the next look. */
const MAX_REFRESH_MS = 8_000;

/** The access stands, whatever becomes of this. */
async function resumeWork(deps: GrantDeps, principal: Principal, connectionId: string): Promise<void> {
  const { organizationId } = principal;
  try {
    await deps.tools.forget({ organizationId, connectionId });
    const row = await withOrganization(deps.db, organizationId, (trx) => findConnection(trx, connectionId));
    const problem = row ? await refreshTools(deps, row, AbortSignal.timeout(MAX_REFRESH_MS)) : null;
    if (problem !== null) deps.log.warn({ connectionId, problem }, 'the tools of a connection could not be listed');
  } catch (error) {
    deps.log.warn({ err: error, connectionId }, 'a connection that was just granted could not be tried');
  }
  await resumeWaiting(deps, principal, connectionId);
}

function toRefused(error: unknown): RefusedGrantError {
  if (error instanceof RefusedGrantError) return error;
  if (error instanceof GrantError)
    return new RefusedGrantError(error.fault === 'passing' ? 'unavailable' : 'refused', error.message);
  if (error instanceof ToolCallError) return new RefusedGrantError('unavailable', error.message);
  if (error instanceof SealedError || error instanceof RequestError)
    return new RefusedGrantError('refused', error.message);
  throw error;
}

const auditRefused = (deps: GrantDeps, row: OauthState, { outcome, message }: RefusedGrantError): Promise<unknown> =>
  withOrganization(deps.db, row.organization_id, (trx) =>
    audit(
      trx,
      { organizationId: row.organization_id, userId: row.user_id },
      'connection.authorized',
      row.connection_id,
      { outcome, reason: message },
      'rejected',
    ),
  );
