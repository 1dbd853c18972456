import { z } from 'zod';
import { Category } from './agents.ts';
import { hideSecretsInUrl } from './clean-text.ts';
import { ToolView, UnusableTool } from './tools.ts';

/** Providers that Nubabel has a server of its own for; any other name is a remote MCP server. */
export const FIRST_PARTY = ['notion', 'slack', 'linear', 'jira', 'github', 'sentry', 'salesforce'] as const;
export const FirstPartyProvider = z.enum(FIRST_PARTY);
export type FirstPartyProvider = z.infer<typeof FirstPartyProvider>;
export const isFirstParty = (provider: string): provider is FirstPartyProvider =>
  (FIRST_PARTY as readonly string[]).includes(provider);

/**
 * Part of a tool's name, so it is written like one: lower case letters, digits and single `_`, at most 24. `nubabel`
 * and `skills` are our own.
 */
export const ConnectionSlug = z
  .string()
  .max(24)
  .regex(/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/, 'lower case letters, digits and single _ only, at most 24')
  .refine((slug) => !['nubabel', 'skills', 'delegate', 'tools'].includes(slug), 'is kept for the house');

const secret = z.string().trim().min(1).max(20_000);
const scopes = z.array(z.string().min(1).max(200)).max(50).optional();
const clientId = z.string().trim().min(1).max(2_000);

/**
 * How a connection proves who it is. `oauth`: OAuth 2.1 with PKCE; a client that is named is used as it is, otherwise
 * the server's metadata decides (client-id document, then dynamic registration). Providers without metadata name their
 * two addresses.
 */
export const ConnectionAuth = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({
    kind: z.literal('api_key'),
    apiKey: secret,
    /** Header of a remote server; without one it is `Authorization: Bearer`. */
    header: z
      .string()
      .regex(/^[A-Za-z0-9-]{1,64}$/)
      .optional(),
    /** Of providers that want a name with their key (Jira). */
    email: z.string().trim().max(320).optional(),
  }),
  z.strictObject({
    kind: z.literal('oauth'),
    clientId: clientId.optional(),
    clientSecret: secret.optional(),
    scopes,
    authorizationUrl: z.url({ protocol: /^https?$/ }).optional(),
    tokenUrl: z.url({ protocol: /^https?$/ }).optional(),
  }),
  z.strictObject({
    kind: z.literal('client_credentials'),
    clientId,
    clientSecret: secret,
    scopes,
    tokenUrl: z.url({ protocol: /^https?$/ }).optional(),
    /** Tokens are asked only of this authorization server. */
    issuer: z.url({ protocol: /^https?$/ }).optional(),
  }),
  z.strictObject({
    kind: z.literal('private_key_jwt'),
    clientId,
    /** PEM (PKCS #8) or a JWK as JSON. */
    privateKey: secret,
    algorithm: z.enum(['ES256', 'ES384', 'RS256', 'PS256', 'EdDSA']).default('ES256'),
    keyId: z.string().max(200).optional(),
    scopes,
    issuer: z.url({ protocol: /^https?$/ }).optional(),
  }),
]);
export type ConnectionAuth = z.infer<typeof ConnectionAuth>;
export type AuthKind = ConnectionAuth['kind'];

const settings = z.record(z.string().max(60), z.string().max(2_000)).refine((all) => Object.keys(all).length <= 20, {
  message: 'has more than 20 entries',
});

const seconds = z.number().int().min(1).max(1_800);

/**
 * How long calls may take: without a sign of life (an answer or progress), and in all. Seconds; half an hour at most,
 * because whoever waits for the outcome of a lost answer waits that long. `tools` by the server's own names.
 */
const CallLimit = z.strictObject({ silenceSeconds: seconds.optional(), totalSeconds: seconds.optional() });
export const CallLimits = CallLimit.extend({
  tools: z
    .record(z.string().min(1).max(256), CallLimit)
    .refine((all) => Object.keys(all).length <= 200, { message: 'has more than 200 entries' })
    .optional(),
});
export type CallLimits = z.infer<typeof CallLimits>;

/** The endpoint of a server; what is pasted there by mistake is told by what it is. */
const endpoint = z
  .string()
  .trim()
  .superRefine(refuseNoAddress)
  .pipe(z.url({ protocol: /^https?$/ }).max(2_000));

const COMMAND =
  /^(npx|npm|pnpm|bunx?|deno|uvx?|pipx?|python3?|node|docker|cmd|sh|bash|java|dotnet|go|\.{0,2}\/)(\s|$)|^(stdio:|\.{0,2}\/)/i;
const STDIO =
  'This starts a server as a process of one machine (stdio), and Nubabel reaches servers over HTTPS. Run it behind a bridge such as mcp-proxy or supergateway, and give the https address of that; docs/connections.md says how.';

function refuseNoAddress(given: string, ctx: z.RefinementCtx): void {
  const refuse = (message: string): void => ctx.addIssue({ code: 'custom', message });
  const isConfiguration = /^[{["']/.test(given) || /^(command|mcp_?servers)\W*[:=]/i.test(given);
  if (COMMAND.test(given) || (isConfiguration && /\bcommand\b["']?\s*[:=]/.test(given))) return refuse(STDIO);
  if (!isConfiguration) return;
  const address = /https?:\/\/[^\s"'\\]+/.exec(given)?.[0];
  const shown = address && hideSecretsInUrl(address, { inPath: true });
  refuse(shown ? `Give only the address, not the whole configuration: ${shown}` : STDIO);
}

/** The body of `POST /api/connections`. */
export const NewConnection = z.strictObject({
  /** `notion`, `slack`, `linear`, `jira`, `github`, `sentry`, `salesforce`, or any name for a remote MCP server. */
  provider: z.string().trim().toLowerCase().pipe(ConnectionSlug),
  name: z.string().trim().min(1).max(80),
  /** Of a remote MCP server its endpoint; of a provider of ours the address of its API, where it is not the usual one. */
  url: endpoint.optional(),
  auth: ConnectionAuth,
  /** Take the hosted MCP server at `url` instead of our own for a provider that we have one for. */
  hosted: z.boolean().default(false),
  /** Belongs to the person who makes it, and works for their requests only. */
  personal: z.boolean().default(false),
  /** The part of the tools' names before `__`; the provider unless given. */
  slug: ConnectionSlug.optional(),
  /** Offered for requests of these categories only; empty: of all. */
  categories: z.array(Category).max(4).default([]),
  /** An admin trusts the server: what it says of its tools may lower their risk. */
  trusted: z.boolean().default(false),
  /** What the provider needs beyond a key: `database` of Notion, `project` of Jira, `owner` and `repo` of GitHub, … */
  settings: settings.default({}),
  /** How long its calls may take; 60 s without a sign of life and 600 s in all unless told. */
  callLimits: CallLimits.optional(),
});
export type NewConnection = z.infer<typeof NewConnection>;

/** The body of `PATCH /api/connections/:id`. New credentials replace the old whole. */
export const ConnectionChange = z.strictObject({
  name: NewConnection.shape.name.optional(),
  url: NewConnection.shape.url,
  auth: ConnectionAuth.optional(),
  categories: z.array(Category).max(4).optional(),
  trusted: z.boolean().optional(),
  enabled: z.boolean().optional(),
  settings: settings.optional(),
  callLimits: CallLimits.optional(),
});
export type ConnectionChange = z.infer<typeof ConnectionChange>;

/** `failing`: the last calls went wrong. `reconnect`: the grant is over and a person has to renew it. */
const CONNECTION_HEALTH = ['unknown', 'healthy', 'failing', 'reconnect'] as const;
export const ConnectionHealth = z.enum(CONNECTION_HEALTH);
export type ConnectionHealth = z.infer<typeof ConnectionHealth>;

/** A connection as people see it: secrets are only named as set. */
export const ConnectionView = z.object({
  id: z.string(),
  provider: z.string(),
  slug: z.string(),
  name: z.string(),
  kind: z.enum(['first_party', 'remote']),
  /** Keys in it are shown as `***`; given back like that, it stays as it is. */
  url: z.string().nullable(),
  personal: z.boolean(),
  userId: z.string().nullable(),
  auth: z.object({ kind: z.string(), set: z.boolean(), expiresAt: z.string().nullable() }),
  categories: z.array(Category),
  trusted: z.boolean(),
  enabled: z.boolean(),
  settings: z.record(z.string(), z.string()),
  health: ConnectionHealth,
  lastError: z.string().nullable(),
  checkedAt: z.string().nullable(),
  /** Until then nothing is called, because the last calls failed. */
  brokenUntil: z.string().nullable(),
  tools: z.object({ active: z.number().int(), quarantined: z.number().int() }),
  /** What its server lists and nobody can call, with the reasons. */
  unusableTools: z.array(UnusableTool),
  callLimits: CallLimits,
  /** Of a connection that waits for somebody to grant access: the page where that is done. */
  authorizationUrl: z.string().optional(),
  createdAt: z.string(),
  updatedAt: z.string(),
});
export type ConnectionView = z.infer<typeof ConnectionView>;

/** `POST /api/connections/:id/test`. */
export const ConnectionTest = z.object({
  ok: z.boolean(),
  /** Each with what was found, in a sentence. */
  checks: z.array(
    z.object({
      check: z.enum(['credentials', 'connectivity', 'permissions', 'limits']),
      ok: z.boolean(),
      detail: z.string(),
    }),
  ),
  latencyMs: z.number(),
  tools: z.number().int(),
  /** Where a person grants access, when that is what is missing. */
  authorizationUrl: z.string().optional(),
  connection: ConnectionView,
});
export type ConnectionTest = z.infer<typeof ConnectionTest>;

/** `GET /api/connections/:id/tools`. */
export const ConnectionTools = z.object({
  tools: z.array(ToolView),
  /** When its server was last asked for them. */
  listedAt: z.string().nullable(),
  /** Why it could not be asked just now. */
  error: z.string().nullable(),
});
export type ConnectionTools = z.infer<typeof ConnectionTools>;
