import { randomUUID } from 'node:crypto';
import { bodyLimit } from 'hono/body-limit';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { createMiddleware } from 'hono/factory';
import { secureHeaders } from 'hono/secure-headers';
import { isDeeperThan, mayBeUnstorable, NOT_TEXT } from '../../contracts/json.ts';
import { LIMITS } from '../../contracts/limits.ts';
import { refuseUnstorable } from '../../domain/json.ts';
import type { ApiEnv } from '../deps.ts';
import { GRANT_PAGE_STYLE } from '../routes/grant-page.ts';
import { RequestError } from '../../contracts/request.ts';

const GIVEN_ID = /^[\w-]{1,64}$/;

/** Gives every request an id, or keeps the caller's, and tells it in the answer. */
export const requestId = createMiddleware<ApiEnv>(async (c, next) => {
  const given = c.req.header('x-request-id') ?? '';
  const id = GIVEN_ID.test(given) ? given : randomUUID();
  c.set('requestId', id);
  await next();
  c.res.headers.set('x-request-id', id);
});

/** Refuses a body that is not JSON before anybody reads it; a JSON type without a body is no body. */
export const jsonOnly = createMiddleware(async (c, next) => {
  const { method } = c.req;
  const length = c.req.header('content-length') ?? c.req.header('transfer-encoding') ?? '0';
  const type = c.req.header('content-type') ?? '';
  const writes = method === 'POST' || method === 'PUT' || method === 'PATCH';
  if (writes && length !== '0' && !/^application\/json\b/i.test(type))
    throw new RequestError('unsupported-media-type', 'Send the body as JSON with "content-type: application/json".');
  if (writes && length === '0' && type) {
    const headers = new Headers(c.req.raw.headers);
    headers.delete('content-type');
    c.req.raw = new Request(c.req.url, { method, headers });
  }
  await next();
});

/** Nobody keeps what is somebody's alone: not a browser, not a proxy, and errors no more than answers. */
export const neverCached = createMiddleware(async (c, next) => {
  await next();
  c.res.headers.set('cache-control', 'no-store');
});

/** Refuses an address with a NUL character, which no text has and Postgres cannot keep. */
export const textAddress = createMiddleware(async (c, next) => {
  if (/%00/.test(c.req.url)) throw new RequestError('invalid-request', `The address: ${NOT_TEXT}`);
  await next();
});

/** Forms are flat; only the arguments of a tool have a depth, which is bounded where they are read. */
const MAX_LEVELS = 100;

/** Refuses a JSON body that could not be kept or walked: before a schema looks at it, and whatever field it is in. */
export const storableBody = createMiddleware(async (c, next) => {
  if (c.req.raw.body && /^application\/json\b/i.test(c.req.header('content-type') ?? '')) {
    const text = await c.req.text();
    if (isDeeperThan(text, MAX_LEVELS))
      throw new RequestError('invalid-request', `The body is nested more than ${MAX_LEVELS} levels deep.`);
    if (mayBeUnstorable(text)) refuseUnstorable(parsed(text), []);
  }
  await next();
});

/** What is no JSON is told by whoever reads the body. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

interface KnownQuery {
  readonly path: RegExp;
  readonly names: readonly string[];
}

/**
 * Refuses a query parameter that the address does not describe, for every address that is read: a filter that is passed
 * over answers another question than was asked.
 */
export function describedQueryOnly(app: OpenAPIHono<ApiEnv>) {
  let known: KnownQuery[] | undefined;
  return createMiddleware(async (c, next) => {
    if (c.req.method === 'GET') {
      known ??= queriesOf(app);
      const { names } = known.find(({ path }) => path.test(c.req.path)) ?? {};
      const unknown = names && Object.keys(c.req.queries()).find((name) => !names.includes(name));
      if (names && unknown !== undefined) throw unknownParameter(unknown, names);
    }
    await next();
  });
}

const unknownParameter = (name: string, names: readonly string[]): RequestError => {
  const message = names.length > 0 ? `is not known here. Known are: ${names.join(', ')}.` : 'is not known; none is.';
  const path = name.slice(0, 100);
  return new RequestError('invalid-request', `${path}: ${message}`, [{ path, message }]);
};

const queriesOf = (app: OpenAPIHono<ApiEnv>): KnownQuery[] =>
  app.openAPIRegistry.definitions.flatMap((definition) => {
    if (definition.type !== 'route' || definition.route.method !== 'get') return [];
    const { path, request } = definition.route;
    const shape = request?.query && 'shape' in request.query ? request.query.shape : {};
    return [{ path: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}/?$`), names: Object.keys(shape) }];
  });

const limited = (maxSize: number, detail: string) =>
  bodyLimit({
    maxSize,
    onError: () => {
      throw new RequestError('too-large', detail);
    },
  });

/** Bounds of the bodies, counted on the bytes that arrive. */
export const restBodyLimit = limited(
  LIMITS.bodyBytes,
  `A request body may have at most ${LIMITS.bodyBytes / 1024} KiB, a message at most ${LIMITS.messageChars} characters.`,
);
export const codecBodyLimit = limited(LIMITS.codecBodyBytes, 'Payloads to decrypt may have at most 8 MiB together.');
export const slackBodyLimit = limited(LIMITS.slackBodyBytes, 'A Slack delivery may have at most 4 MiB.');

/** Strict headers for everything served to browsers; the console needs nothing from elsewhere. */
export const browserSafety = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'self'"],
    imgSrc: ["'self'", 'data:'],
    styleSrc: ["'self'", GRANT_PAGE_STYLE],
    scriptSrc: ["'self'"],
    connectSrc: ["'self'"],
    objectSrc: ["'none'"],
    baseUri: ["'none'"],
    frameAncestors: ["'none'"],
    formAction: ["'self'"],
  },
  referrerPolicy: 'no-referrer',
  strictTransportSecurity: false,
});
