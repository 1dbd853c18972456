import { createMiddleware } from 'hono/factory';
import { RequestError } from '../../contracts/request.ts';

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
