import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { withOrganization } from '../../db/organization.ts';
import { updateConnection, type Connection, insertOauthState } from '../../db/queries/connections.ts';
import { SealedError, sealedFor, type Sealer } from '../../db/sealing.ts';
import {
  GrantError,
  type Authorizations,
  type OurClient,
  EgressRefusedError,
  type CheckAddress,
} from './connection-ports.ts';
import { openAuthState, openCredentials, sealPending } from './grant-state.ts';
import { audit } from '../audit.ts';
import { findSeen } from './connection-views.ts';
import type { SealerDeps } from '../models/organization-keys.ts';
import type { ToolHost } from '../tools/tool-host.ts';
import type { ResumeDeps } from './reconnect.ts';
import type { CheckDeps } from './check.ts';
import { type Principal, RequestError } from '../../contracts/request.ts';

export interface GrantDeps extends CheckDeps, ResumeDeps, SealerDeps {
  readonly tools: Pick<ToolHost, 'test' | 'refresh' | 'forget'>;
  readonly authorizations: Authorizations;
  readonly checkAddress: CheckAddress;
  /** Tenants may name addresses inside of our own network; for development only. */
  readonly allowPrivateAddresses: boolean;
}

/** So long a person may take at the authorization server. */
export const GRANT_MS = 600_000;

export const CALLBACK = '/api/connections/oauth/callback';
export const CLIENT_METADATA = '/oauth/client-metadata.json';

/** Who we are to authorization servers. The document is offered only where they could read it. */
export const ourClient = ({
  publicUrl,
  allowPrivateAddresses,
}: Pick<GrantDeps, 'publicUrl' | 'allowPrivateAddresses'>): OurClient => ({
  publicUrl,
  redirectUri: `${publicUrl}${CALLBACK}`,
  clientMetadataUrl:
    publicUrl.startsWith('https:') || allowPrivateAddresses ? `${publicUrl}${CLIENT_METADATA}` : undefined,
});

export const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
export const isHashOf = (text: string, hash: Buffer): boolean => timingSafeEqual(sha256(text), hash);

/** Each grant has a cookie of its own, so that two tabs do not take each other's. */
export const cookieOf = (stateHash: Buffer): string => `nubabel_oauth_${stateHash.toString('hex').slice(0, 16)}`;

/** An organization's access is for admins to grant, a person's own for that person. @throws RequestError 403 */
export function refuseGrant({ role, userId }: Principal, { user_id: owner }: Connection): void {
  if (owner === null && role !== 'admin')
    throw new RequestError('forbidden', 'Only an admin may grant access for the organization.');
  if (owner !== null && owner !== userId)
    throw new RequestError('forbidden', 'This connection is somebody else’s own. Only they may grant access for it.');
}

interface BegunGrant {
  /** Where the person grants access. */
  readonly authorizationUrl: string;
  readonly expiresAt: string;
  /** For the browser that has asked, and no other. */
  readonly cookie: { readonly name: string; readonly value: string };
}

/**
 * Sends a person to an authorization server: what comes back is taken once, for ten minutes, from the same browser.
 * @throws RequestError 404, 403, 409 when there is nothing to grant or the server is not to be trusted, 503
 */
export async function beginGrant(deps: GrantDeps, principal: Principal, connectionId: string): Promise<BegunGrant> {
  const row = await findSeen(deps, principal, connectionId);
  refuseGrant(principal, row);
  const { sealer } = deps;
  if (!sealer) throw new RequestError('unavailable', 'Grants cannot be kept: an operator has to set CREDENTIAL_KEYS.');
  const [state, browser] = [randomBytes(32).toString('base64url'), randomBytes(32).toString('base64url')];
  const stateHash = sha256(state);
  const { authorizationUrl, pending } = await ask(deps, principal, { row, sealer, state });
  const { organizationId, userId } = principal;
  const expiresAt = new Date(Date.now() + GRANT_MS).toISOString();
  await withOrganization(deps.db, organizationId, async (trx) => {
    await insertOauthState(trx, {
      organization_id: organizationId,
      state_hash: stateHash,
      connection_id: row.id,
      user_id: userId,
      browser_hash: sha256(browser),
      sealed: sealPending(sealer, sealedFor.oauthState(organizationId, stateHash), pending),
      expires_at: expiresAt,
    });
    await audit(trx, principal, 'connection.authorize', row.id, { issuer: pending.discovery.issuer });
  });
  return { authorizationUrl, expiresAt, cookie: { name: cookieOf(stateHash), value: browser } };
}

async function ask(
  deps: GrantDeps,
  principal: Principal,
  { row, sealer, state }: { row: Connection; sealer: Sealer; state: string },
) {
  const on = { organizationId: row.organization_id, connectionId: row.id };
  try {
    const begun = await deps.authorizations.begin({
      url: row.url,
      isMcp: row.kind === 'remote',
      auth: openCredentials(sealer, on, row.credentials),
      known: openAuthState(sealer, on, row.auth_state),
      our: ourClient(deps),
      state,
    });
    // Nobody asks this address but the person, whose browser would follow it anywhere.
    deps.checkAddress(new URL(begun.authorizationUrl));
    return begun;
  } catch (given) {
    const error = given instanceof EgressRefusedError ? new GrantError('untrusted', given.message) : given;
    if (error instanceof SealedError)
      throw new RequestError('conflict', `The credentials cannot be opened. Enter them again. ${error.message}`);
    if (!(error instanceof GrantError)) throw error;
    const { fault, message } = error;
    await withOrganization(deps.db, on.organizationId, async (trx) => {
      await updateConnection(trx, { id: row.id, set: { last_error: message } });
      await audit(trx, principal, 'connection.authorize', row.id, { fault, reason: message }, 'rejected');
    });
    throw new RequestError(fault === 'passing' ? 'unavailable' : 'conflict', message);
  }
}
