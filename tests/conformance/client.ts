import { randomUUID } from 'node:crypto';
import type { ConnectionAuth } from '../../contracts/connections.ts';
import { createGuardedFetch } from '../../adapters/mcp/host/egress.ts';
import { beginAuthorization, finishAuthorization } from '../../adapters/mcp/host/oauth/authorize.ts';
import type { OurClient } from '../../domain/connections/connection-ports.ts';
import { createCredentials } from '../../adapters/mcp/host/oauth/create-credentials.ts';
import { openRemote } from '../../adapters/mcp/host/remote.ts';
import { ToolCallError } from '../../domain/tools/tool-ports.ts';
import { createMemoryStore, type MemoryStore } from '../adapters/mcp/oauth/memory-store.ts';

/**
 * Our host as the conformance tool runs a client: `node client.ts <server url>`. Everything that speaks is the product's;
 * only the grant's row is in memory, and the person who grants access says yes at once.
 */
const url = process.argv[2] ?? '';
const scenario = process.env['MCP_CONFORMANCE_SCENARIO'] ?? '';
const context = JSON.parse(process.env['MCP_CONFORMANCE_CONTEXT'] ?? '{}') as Record<string, string | undefined>;

/** A person who is sent back again and again gives up. */
const MAX_GRANTS = 5;
const TIMEOUT_MS = 20_000;

const our: OurClient = {
  publicUrl: 'http://localhost:3000',
  redirectUri: 'http://localhost:3000/api/connections/oauth/callback',
  // The only document that the tool takes for one that it could read.
  clientMetadataUrl: scenario === 'auth/basic-cimd' ? 'https://conformance-test.local/client-metadata.json' : undefined,
};
const guarded = createGuardedFetch({ allowPrivate: true });

function authOf(): ConnectionAuth {
  const { client_id: clientId, client_secret: clientSecret, private_key_pem: privateKey } = context;
  if (!scenario.startsWith('auth/')) return { kind: 'none' };
  if (clientId && privateKey) return { kind: 'private_key_jwt', clientId, privateKey, algorithm: 'ES256' };
  if (clientId && clientSecret && scenario.startsWith('auth/client-credentials'))
    return { kind: 'client_credentials', clientId, clientSecret };
  return { kind: 'oauth', ...(clientId && { clientId }), ...(clientSecret && { clientSecret }) };
}

/** What a person does: goes where they are sent, says yes, and comes back. */
async function grant(store: MemoryStore): Promise<void> {
  const { auth, state: known } = store.held;
  const state = randomUUID();
  const { authorizationUrl, pending } = await beginAuthorization({
    url,
    isMcp: true,
    auth,
    known,
    our,
    state,
    fetch: guarded,
  });
  const answer = await guarded(authorizationUrl, { redirect: 'manual' });
  const back = new URL(answer.headers.get('location') ?? '');
  if (back.searchParams.get('state') !== state) throw new Error('The state that came back is not ours.');
  const [code, iss] = [back.searchParams.get('code') ?? '', back.searchParams.get('iss') ?? undefined];
  store.held = { ...store.held, state: await finishAuthorization({ pending, code, iss, fetch: guarded }) };
}

/** Arguments that fit: 1, 2, 3 … for numbers, a word for anything else. */
const argumentsFor = (schema: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries((schema['properties'] ?? {}) as Record<string, { type?: string }>).map(([name, { type }], index) => [
      name,
      type === 'number' || type === 'integer' ? index + 1 : type === 'boolean' ? true : 'word',
    ]),
  );

async function useEverything(fetch: typeof globalThis.fetch): Promise<void> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const mcp = await openRemote(
    { url, connection: 'conformance', fetch, onToolsChanged: () => undefined, trusted: true },
    signal,
  );
  try {
    for (const { name, inputSchema } of (await mcp.list(signal)).tools)
      await mcp.call(name, argumentsFor(inputSchema), { signal, timeoutMs: TIMEOUT_MS });
  } finally {
    await mcp.close();
  }
}

const store = createMemoryStore(authOf(), url);
const credentials = createCredentials({ store, fetch: guarded });
const on = { organizationId: randomUUID(), connectionId: randomUUID() };
const fetch = credentials.fetchFor(on, { url }, guarded);

for (let grants = 0; ; grants++) {
  try {
    await useEverything(fetch);
    break;
  } catch (error) {
    const isOver = error instanceof ToolCallError && error.kind === 'reconnect';
    if (!isOver || store.held.auth.kind !== 'oauth' || grants === MAX_GRANTS) throw error;
    await grant(store);
  }
}
process.exit(0);
