import { z } from 'zod';
import { ConnectionAuth } from '../../contracts/connections.ts';
import { SealedError, sealedFor, type SealedFor, type Sealer } from '../../db/sealing.ts';
import type { ConnectionRef } from '../tools/mcp-connection-port.ts';
import { AuthState, Discovery, OAuthClient } from './auth-state.ts';

/** For `connections.credentials`: what a person has given; null when that is nothing. */
export const sealCredentials = (sealer: Sealer, owner: ConnectionRef, auth: ConnectionAuth): string | null =>
  auth.kind === 'none'
    ? null
    : sealer.seal(JSON.stringify(auth), sealedFor.credentials(owner.organizationId, owner.connectionId));

/** @throws SealedError */
export const openCredentials = (
  sealer: Sealer | undefined,
  owner: ConnectionRef,
  sealed: string | null,
): ConnectionAuth =>
  sealed === null
    ? { kind: 'none' }
    : opened(ConnectionAuth, sealer, sealed, sealedFor.credentials(owner.organizationId, owner.connectionId));

/** For `connections.auth_state`. */
export const sealAuthState = (sealer: Sealer, owner: ConnectionRef, state: AuthState): string =>
  sealer.seal(JSON.stringify(state), sealedFor.authState(owner.organizationId, owner.connectionId));

/** @throws SealedError */
export const openAuthState = (sealer: Sealer | undefined, owner: ConnectionRef, sealed: string | null): AuthState =>
  sealed === null
    ? {}
    : opened(AuthState, sealer, sealed, sealedFor.authState(owner.organizationId, owner.connectionId));

/** What is needed to take up a grant again that somebody has gone to give; kept in `oauth_states.sealed`. */
export const PendingGrant = z.object({
  codeVerifier: z.string(),
  redirectUri: z.string(),
  discovery: Discovery,
  client: OAuthClient,
  scope: z.string().optional(),
});
export type PendingGrant = z.infer<typeof PendingGrant>;

export const sealPending = (sealer: Sealer, owner: SealedFor, pending: PendingGrant): string =>
  sealer.seal(JSON.stringify(pending), owner);

/** @throws SealedError */
export const openPending = (sealer: Sealer | undefined, owner: SealedFor, sealed: string): PendingGrant =>
  opened(PendingGrant, sealer, sealed, owner);

function opened<T extends z.ZodType>(
  schema: T,
  sealer: Sealer | undefined,
  sealed: string,
  owner: SealedFor,
): z.infer<T> {
  if (!sealer) throw new SealedError('There is nothing to open it with: CREDENTIAL_KEYS is not set.', 'no_key');
  const parsed = schema.safeParse(JSON.parse(sealer.open(sealed, owner)));
  // What zod says would quote the secret's fields.
  if (!parsed.success) throw new SealedError('The sealed text is not what belongs here.');
  return parsed.data;
}
