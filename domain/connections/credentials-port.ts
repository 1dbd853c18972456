import type { Connection } from '../../db/queries/connections.ts';
import type { OnConnection } from '../tools/tool-host.ts';

/** What a first-party client authenticates with. */
export interface Token {
  readonly token: string;
  /** Of providers that want a name with their key. */
  readonly email?: string;
}

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
  fetchFor(on: OnConnection, connection: Connection, fetch: typeof globalThis.fetch): typeof globalThis.fetch;
  /** For first-party clients; renews an expiring grant first. @throws ToolCallError `reconnect`, `unavailable` */
  tokenFor(on: OnConnection): Promise<Token>;
  /** After the provider has refused `rejectedToken`; whoever comes later is given what the first one got. @throws ToolCallError */
  renew(on: OnConnection, rejectedToken: string): Promise<Token>;
}
