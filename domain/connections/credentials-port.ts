import type { ConnectionRef } from '../tools/mcp-connection-port.ts';
import type { ConnectedServer } from '../tools/tool-sessions-port.ts';

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
