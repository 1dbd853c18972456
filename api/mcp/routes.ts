import { Hono, type Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { ApiEnv } from '../deps.ts';
import { authenticate } from '../middleware/authenticate.ts';
import { createOfferedServer, toolsOf, type McpDeps } from './offered-server.ts';
import { MAX_MESSAGE_BYTES, type Served } from './sessions.ts';
import { RequestError } from '../../contracts/request.ts';
import { createMiddleware } from 'hono/factory';

const messageLimit = bodyLimit({
  maxSize: MAX_MESSAGE_BYTES,
  onError: () => {
    throw new RequestError('too-large', 'An MCP message may have at most 1 MiB.');
  },
});

/**
 * `/mcp/:provider`: the tools of a connection for other MCP clients, over Streamable HTTP: of our own servers, and of third
 * parties that are connected, by their provider or slug. Tokens are the API's own, of people of an organization: those of
 * providers mean nothing here, and none is handed on.
 */
export const mcpRoutes = (deps: McpDeps) =>
  new Hono<ApiEnv>().use(ownHostsOnly(deps.publicUrl), authenticate(deps)).route('/', mcpSessionRoutes(deps));

/** The protocol itself, for whom `principal` names. */
export const mcpSessionRoutes = (deps: McpDeps) =>
  new Hono<ApiEnv>().on(['GET', 'POST', 'DELETE'], '/:provider', messageLimit, (c) => answer(deps, c));

async function answer(deps: McpDeps, c: Context<ApiEnv>): Promise<Response> {
  const provider = c.req.param('provider') ?? '';
  const served: Served = { principal: c.get('principal'), provider };
  const id = c.req.header('mcp-session-id');
  if (id === undefined) return begin(deps, served, c.req.raw);
  const response = await deps.sessions.continue(served, id, c.req.raw);
  if (!response) throw new RequestError('not-found', 'This MCP session is over, or was never yours. Begin a new one.');
  return response;
}

async function begin(deps: McpDeps, served: Served, request: Request): Promise<Response> {
  const { provider } = served;
  if (request.method !== 'POST')
    throw new RequestError('invalid-request', 'Send the header "mcp-session-id" that initialize was answered with.');
  if ((await toolsOf(deps, served)).length === 0)
    throw new RequestError(
      'not-found',
      `There is no usable connection to "${provider.slice(0, 40)}". An admin makes and tests connections under /api/connections.`,
    );
  return deps.sessions.begin(served, createOfferedServer(deps, served), request);
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

function hostOf(address: string): URL | undefined {
  try {
    return new URL(address);
  } catch {
    return undefined;
  }
}

/**
 * Lets in what was meant for this server: a page elsewhere that has its own name point here (DNS rebinding) gives itself
 * away by `Host` and `Origin`. Both are checked; programs send no `Origin`.
 */
export function ownHostsOnly(publicUrl: string) {
  const own = new URL(publicUrl).host;
  const isOwn = (url: URL | undefined): boolean =>
    url !== undefined && (url.host === own || LOOPBACK.has(url.hostname));
  return createMiddleware(async (c, next) => {
    const host = c.req.header('host');
    if (!host || !isOwn(hostOf(`http://${host}`)))
      throw new RequestError('forbidden', 'This address is not served here. Use the address of PUBLIC_URL.');
    const origin = c.req.header('origin');
    if (origin !== undefined && !isOwn(hostOf(origin)))
      throw new RequestError('forbidden', 'Pages of other sites may not speak MCP with this server.');
    await next();
  });
}
