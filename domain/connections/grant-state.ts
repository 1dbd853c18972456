import { z } from 'zod';
import { ConnectionAuth } from '../../contracts/connections.ts';
import { SealedError, sealedFor, type SealedFor, type Sealer } from '../../db/sealing.ts';
import type { ConnectionRef } from '../tools/tool-ports.ts';

const Client = z.object({
  client_id: z.string(),
  client_secret: z.string().optional(),
  client_secret_expires_at: z.number().optional(),
  token_endpoint_auth_method: z.string().optional(),
  redirect_uris: z.array(z.string()).optional(),
  /** Of a registration: what it may ask for, where that was said. */
  scope: z.string().optional(),
  /** The server does not know or take it any more: the next grant registers anew. */
  forgotten: z.boolean().optional(),
});

/** Who we are at one authorization server; never shown to another. */
export const OAuthClient = Client.extend({ issuer: z.string() });
export type OAuthClient = z.infer<typeof OAuthClient>;

/** The authorization server of a resource, as it was when access was granted: later requests go nowhere else. */
export const Discovery = z.object({
  /** Under this name clients and tokens are kept: the address that the resource or a person named. */
  issuer: z.string(),
  /** Undefined for servers from before metadata, which answer at `/authorize`, `/token` and `/register`. */
  metadata: z
    .looseObject({
      issuer: z.string(),
      authorization_endpoint: z.string(),
      token_endpoint: z.string(),
      registration_endpoint: z.string().optional(),
      response_types_supported: z.array(z.string()),
      scopes_supported: z.array(z.string()).optional(),
      token_endpoint_auth_methods_supported: z.array(z.string()).optional(),
      code_challenge_methods_supported: z.array(z.string()).optional(),
      client_id_metadata_document_supported: z.boolean().optional(),
    })
    .optional(),
  /** What tokens are asked for, in the resource's own spelling (RFC 8707). */
  resource: z.string().optional(),
  /** Of the resource. */
  scopesSupported: z.array(z.string()).optional(),
});
export type Discovery = z.infer<typeof Discovery>;

export const Tokens = z.object({
  accessToken: z.string(),
  refreshToken: z.string().optional(),
  scope: z.string().optional(),
  /** ISO; undefined where the server does not say. */
  expiresAt: z.string().optional(),
  /** ISO; from then on it is renewed before it is used. */
  renewAt: z.string().optional(),
});
export type Tokens = z.infer<typeof Tokens>;

/** What an authorization server has given for a connection; kept sealed in `connections.auth_state`. */
export const AuthState = z.object({
  discovery: Discovery.optional(),
  client: OAuthClient.optional(),
  tokens: Tokens.optional(),
  /** The scope that was asked for last. */
  askedScope: z.string().optional(),
  /** What the resource has asked for since: the next grant asks for it too. */
  wantedScope: z.string().optional(),
  /** The server has said that the grant is over: it is kept, and not tried again. */
  over: z.boolean().optional(),
});
export type AuthState = z.infer<typeof AuthState>;

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
