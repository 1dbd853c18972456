import type { OpenAPIHono } from '@hono/zod-openapi';
import { createMiddleware } from 'hono/factory';
import { isDeeperThan, mayBeUnstorable, NOT_TEXT } from '../../contracts/json.ts';
import { RequestError } from '../../contracts/request.ts';
import { refuseUnstorable } from '../../domain/json.ts';
import type { ApiEnv } from '../deps.ts';

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
