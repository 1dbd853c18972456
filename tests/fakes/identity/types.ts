import type { JournalOptions } from '../../../dev/fakes/journal.ts';

/** What this authorization server is like; everything can be changed while it runs. */
export interface IdentitySettings {
  /** Seconds that an access token lives. */
  tokenSeconds: number;
  /** PKCE methods it announces; undefined: it says nothing of PKCE. */
  pkceMethods: readonly string[] | undefined;
  /** Announces and sends `iss` (RFC 9207). */
  sendsIssuer: boolean;
  /** What it says in `iss` and in its metadata, where that is not the truth. */
  claimsIssuer: string | undefined;
  /** Names this as the resource, where that is not the truth. */
  claimsResource: string | undefined;
  /** The resource names this as its authorization server, where that is not the truth. */
  claimsServer: string | undefined;
  /** Describes itself as an OpenID provider does, and not as an OAuth server. */
  isOpenId: boolean;
  readsClientDocuments: boolean;
  registersClients: boolean;
  /** Answers so to the next token requests, before it looks at them. */
  tokenFaults: { status: number; body?: unknown; retryAfter?: string }[];
  /** Answers token requests so much later; what it gave is given all the same. */
  tokenDelayMs: number;
  /** Runs when a token request has come, before anything is done about it; `ignore`: nothing ever is. */
  beforeToken: (() => Promise<'ignore' | 'go on'>) | undefined;
  /** The resource says where its metadata is, and which scopes it wants, in its challenge only. */
  tellsInChallengeOnly: boolean;
  /** Holds a client to the scope it was registered with. */
  bindsScopes: boolean;
  /** The resource wants these, and says so. */
  requiredScopes: readonly string[];
}

/** One request and what came of it. Tokens and codes stand here whole: this is a fake's score, and they open nothing. */
export interface IdentityLine {
  readonly at: string;
  readonly what: 'metadata' | 'register' | 'authorize' | 'token' | 'resource' | 'reuse';
  readonly outcome: string;
  readonly grant?: string;
  readonly client?: string;
  readonly scope?: string;
  readonly resource?: string;
  readonly authorization?: string;
}

export interface FakeIdentityOptions extends JournalOptions {
  readonly port?: number;
  readonly settings?: Partial<IdentitySettings>;
  /** An MCP server that stands behind the resource; without one, it answers with whose token it was. */
  readonly upstream?: string;
  /** Clients that are known beforehand. */
  readonly clients?: readonly FakeClient[];
}

export interface FakeClient {
  readonly id: string;
  readonly secret?: string;
  readonly redirectUris: readonly string[];
  /** Of `private_key_jwt`, PEM. */
  readonly publicKey?: string;
  /** What it may ask for; undefined: anything. */
  readonly scope?: string;
}

/** An authorization server with one MCP-like resource behind it. */
export interface FakeIdentity {
  readonly url: string;
  /** Of the resource that wants its tokens. */
  readonly resourceUrl: string;
  readonly settings: IdentitySettings;
  readonly lines: readonly IdentityLine[];
  /** What a person does there: says yes, and is sent back; answers where to. */
  grant(authorizationUrl: string): Promise<URL>;
  /** Ends every access token, as a server does that was told to; refresh tokens stay good. */
  endAccess(): void;
  /** Forgets who has registered, as a server does that keeps that in memory. */
  forgetClients(): void;
  /** Takes every grant back. */
  revoke(): void;
  count(what: IdentityLine['what'], outcome?: string): number;
  close(): Promise<void>;
}
