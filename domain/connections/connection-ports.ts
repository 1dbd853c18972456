import type { ConnectionRef, ConnectedServer } from '../tools/tool-ports.ts';
import type { ConnectionAuth } from '../../contracts/connections.ts';
import type { AuthState, OAuthClient, PendingGrant } from './grant-state.ts';

/** What a first-party client authenticates with. */
export interface Token {
  readonly token: string;
  /** Of providers that want a name with their key. */
  readonly email?: string;
}

/** What of a connection's row its credentials are opened from. */
export type SealedServer = Pick<ConnectedServer, 'name' | 'url' | 'credentials' | 'auth_state'>;

/**
 * Who we are at a provider. Secrets are opened here, for as long as a request takes, and nowhere else; grants are
 * renewed by one of us at a time, whatever the number of processes.
 */
export interface Credentials {
  /**
   * `fetch` with the connection's credentials, for its own origin only. Renews a grant before it expires, and once
   * when the server answers 401 all the same; a second 401 is handed on.
   * @throws ToolCallError `reconnect` when a person has to, `unavailable` when the authorization server is away.
   */
  fetchFor(
    on: ConnectionRef,
    server: Pick<ConnectedServer, 'url'>,
    fetch: typeof globalThis.fetch,
  ): typeof globalThis.fetch;
  /**
   * For first-party clients, of a connection as it was read just now; renews an expiring grant first.
   * @throws ToolCallError `reconnect`, `unavailable`
   */
  tokenFor(on: ConnectionRef, server: SealedServer): Promise<Token>;
  /** After the provider has refused `rejectedToken`; whoever comes later is given what the first one got. @throws ToolCallError */
  renew(on: ConnectionRef, rejectedToken: string): Promise<Token>;
}

/** The address must not be asked. Nothing was sent. */
export class EgressRefusedError extends Error {
  override readonly name = 'EgressRefusedError';
}

/** What can be said of an address that a tenant names before it is looked up. @throws EgressRefusedError */
export type CheckAddress = (url: URL) => void;

/**
 * `passing`: the authorization server could not be asked or has trouble of its own; the grant is as good as it was.
 * `over`: it says that the grant is no more. `client`: it does not know or take the client. `refused`: it says no to the
 * request; a person has to mend that. `untrusted`: what it says does not fit, and nothing was given to it.
 */
type GrantFault = 'passing' | 'over' | 'client' | 'refused' | 'untrusted';

/** Why there is no grant, in a sentence of ours: what servers answer is never quoted, because it may repeat a secret. */
export class GrantError extends Error {
  override readonly name = 'GrantError';
  readonly fault: GrantFault;
  readonly retryAfterMs: number | undefined;
  constructor(fault: GrantFault, message: string, options: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.fault = fault;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** Where we are, as authorization servers see it. */
export interface OurClient {
  /** The only address that a grant is brought back to. */
  readonly redirectUri: string;
  /** Of our client-id metadata document; undefined where authorization servers could not read it. */
  readonly clientMetadataUrl: string | undefined;
  /** Of the product. */
  readonly publicUrl: string;
}

/** We have registered it ourselves, so that we may do so again; others a person has named, or it is our document. */
export const isRegistration = ({ redirect_uris: uris }: OAuthClient): boolean => uris !== undefined;

export interface AuthorizationRequest {
  /** Of the connection; null where the provider's own client knows it. */
  readonly url: string | null;
  /** An MCP server says itself what it wants. */
  readonly isMcp: boolean;
  readonly auth: ConnectionAuth;
  readonly known: AuthState;
  readonly our: OurClient;
  /** Ours: random, and kept as its hash only. */
  readonly state: string;
}

/** What a browser came back with, for a grant that was begun. */
export interface AuthorizationResponse {
  readonly pending: PendingGrant;
  readonly code: string;
  /** As the callback names it (RFC 9207). */
  readonly iss: string | undefined;
}

/** Grants of people, asked of authorization servers: OAuth 2.1 with PKCE (S256), always. */
export interface Authorizations {
  /** The address where a person grants access, and what has to be kept until they come back. @throws GrantError */
  begin(request: AuthorizationRequest): Promise<{ readonly authorizationUrl: string; readonly pending: PendingGrant }>;
  /** Changes a code for tokens, at the server that was asked and nowhere else. @throws GrantError */
  finish(response: AuthorizationResponse): Promise<AuthState>;
}
