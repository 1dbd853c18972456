import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono, type Context, type MiddlewareHandler } from 'hono';
import { compress } from 'hono/compress';
import { ownValue } from '../../contracts/json.ts';
import type { ApiDeps, ApiEnv } from '../deps.ts';

const swaggerDir = path.dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

const DOCS = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Nubabel API</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="/docs/swagger-ui.css">
</head><body><div id="swagger-ui"></div><script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script></body></html>`;
const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#swagger-ui', persistAuthorization: true });`;

const ASSETS: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
};

/** Swagger UI sets styles from its script, which the strict policy of the other pages forbids. */
const docsPolicy: MiddlewareHandler = async (c, next) => {
  await next();
  c.res.headers.set(
    'content-security-policy',
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:",
  );
};

/** The reference at `/docs`, served from here: nothing is fetched from other hosts. */
export const docsRoutes = () =>
  new Hono<ApiEnv>()
    .use(docsPolicy, compress())
    .get('/', (c) => c.html(DOCS))
    .get('/start.js', (c) => c.body(START, 200, { 'content-type': 'text/javascript; charset=utf-8' }))
    .get('/:asset', async (c) => {
      const asset = c.req.param('asset');
      const type = ownValue(ASSETS, asset);
      if (!type) return c.notFound();
      const body = await readFile(path.join(swaggerDir, asset));
      return c.body(new Uint8Array(body), 200, { 'content-type': type, 'cache-control': 'public, max-age=86400' });
    });

/** The file server sets headers too late for its own answer. */
const cached =
  (cacheControl: string): MiddlewareHandler =>
  async (c, next) => {
    await next();
    if (c.res.ok) c.res.headers.set('cache-control', cacheControl);
  };

/** The console at `/`. Assets carry a hash in their name; the page itself is asked for again each time. */
export const consoleRoutes = ({ webDir }: Pick<ApiDeps, 'webDir'>) => {
  // One page for all its places: the address says which one.
  const page = serveStatic({ root: webDir, path: 'index.html' });
  const uncached = cached('no-cache');
  return new Hono<ApiEnv>()
    .get('/assets/*', cached('public, max-age=31536000, immutable'), serveStatic({ root: webDir, precompressed: true }))
    .get('/favicon.svg', serveStatic({ root: webDir, path: 'favicon.svg' }))
    .get('/', uncached, page)
    .get('/connections', uncached, page)
    .get('/connections/:id', uncached, page);
};

/** What a browser gets for an address that names nothing: the console, which says so. Undefined for whoever is no browser. */
export async function missingPage(c: Context<ApiEnv>, webDir: string): Promise<Response | undefined> {
  const isForPeople = c.req.method === 'GET' && /\btext\/html\b/.test(c.req.header('accept') ?? '');
  if (!isForPeople || /^\/(?:api|assets|codec|health|mcp)(?:\/|$)/.test(c.req.path)) return undefined;
  const html = await readFile(path.join(webDir, 'index.html'), 'utf8').catch(() => undefined);
  return html === undefined ? undefined : c.html(html, 404, { 'cache-control': 'no-cache' });
}
