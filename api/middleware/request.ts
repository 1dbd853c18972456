import { randomUUID } from 'node:crypto';
import { bodyLimit } from 'hono/body-limit';
import { createMiddleware } from 'hono/factory';
import { secureHeaders } from 'hono/secure-headers';
import { LIMITS } from '../../contracts/limits.ts';
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
