import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { Hono } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { ApiDeps, ApiEnv } from '../deps.ts';
import { finishGrant, OUTCOMES } from '../../domain/connections/grant-callback.ts';
import { grantPage, languageOf } from './grant-page.ts';
import {
  CALLBACK,
  CLIENT_METADATA,
  ourClient,
  beginGrant,
  cookieOf,
  GRANT_MS,
  sha256,
  type GrantDeps,
} from '../../domain/connections/grants.ts';
import { membersOnly } from '../middleware/authenticate.ts';
import { BEARER, jsonResponse, PROBLEMS, refuse } from './responses.ts';
import { notFound } from '../../contracts/request.ts';

const DONE = '/api/connections/oauth/done';
const COOKIE_PATH = '/api/connections/oauth';

const Authorization = z.object({ authorizationUrl: z.string(), expiresAt: z.string() }).meta({ id: 'Authorization' });

const authorize = createRoute({
  tags: ['Connections'],
  security: BEARER,
  middleware: [membersOnly] as const,
  method: 'post',
  path: '/{connectionId}/authorize',
  summary: 'Go and grant access, or grant it again',
  description:
    'Open `authorizationUrl` in the same browser within ten minutes: the answer sets a cookie that has to come back with ' +
    'the grant. Admins do this for the organization, people for their own connections.',
  request: { params: z.object({ connectionId: z.string() }) },
  responses: { 200: jsonResponse(Authorization, 'Where access is granted'), ...PROBLEMS },
});

/** Behind the token, under `/api/connections`. */
export const oauthRoutes = (deps: GrantDeps) =>
  new OpenAPIHono<ApiEnv>({ defaultHook: refuse }).openapi(authorize, async (c) => {
    const { connectionId } = c.req.valid('param');
    const { cookie, ...begun } = await beginGrant(deps, c.get('principal'), connectionId);
    setCookie(c, cookie.name, cookie.value, {
      path: COOKIE_PATH,
      maxAge: GRANT_MS / 1_000,
      httpOnly: true,
      sameSite: 'Lax',
      secure: deps.publicUrl.startsWith('https:'),
    });
    c.header('cache-control', 'no-store');
    return c.json(begun, 200);
  });

/** For browsers and authorization servers, who have no token: has to come before `authenticate`. */
export const oauthPublicRoutes = (deps: GrantDeps & Pick<ApiDeps, 'describeClient'>) =>
  new Hono<ApiEnv>()
    .get(CALLBACK, async (c) => {
      const { state, code, iss, error } = c.req.query();
      const name = state === undefined ? undefined : cookieOf(sha256(state));
      const cookie = name && getCookie(c, name);
      const outcome = await finishGrant(deps, { state, code, iss, error, cookie });
      if (cookie && name) deleteCookie(c, name, { path: COOKIE_PATH });
      c.header('cache-control', 'no-store');
      // The code and the state do not stay in the address bar, nor in the browser's history.
      return c.redirect(`${DONE}?outcome=${outcome}`, 303);
    })
    .get(DONE, (c) => {
      const outcome = OUTCOMES.find((each) => each === c.req.query('outcome')) ?? 'refused';
      c.header('cache-control', 'no-store');
      return c.html(grantPage(outcome, languageOf(c.req.header('accept-language'))));
    })
    .get(CLIENT_METADATA, (c) => {
      const our = ourClient(deps);
      if (!our.clientMetadataUrl) throw notFound('document');
      c.header('cache-control', 'public, max-age=3600');
      return c.json(deps.describeClient(our), 200);
    });
