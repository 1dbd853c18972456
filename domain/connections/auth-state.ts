import { z } from 'zod';

const Client = z.object({
  client_id: z.string(),
  client_secret: z.string().optional(),
  client_secret_expires_at: z.number().optional(),
  token_endpoint_auth_method: z.string().optional(),
  redirect_uris: z.array(z.string()).optional(),
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
