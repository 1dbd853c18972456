import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { KeyAccountView, KeyPoolView, NewKey } from '../../contracts/key-pool.ts';
import type { LogDeps } from '../../domain/deps.ts';
import type { ApiEnv } from '../deps.ts';
import {
  addKey,
  readKeyPool,
  removeKey,
  resetKey,
  type KeyPoolDeps,
  type SealerDeps,
} from '../../domain/models/organization-keys.ts';
import { adminsOnly } from '../middleware/authenticate.ts';
import { BEARER, jsonResponse, PROBLEMS, refuse } from './responses.ts';

const common = { tags: ['Key pool'], security: BEARER };
const params = z.object({ keyId: z.string() });
const Account = KeyAccountView.meta({ id: 'KeyAccount' });

const getPool = createRoute({
  ...common,
  middleware: [adminsOnly] as const,
  method: 'get',
  path: '/admin/key-pool',
  summary: 'The keys for the model, how they do, and what they have done',
  description: 'Your own keys, which are tried first, and the shared ones with what all organizations do with them.',
  responses: { 200: jsonResponse(KeyPoolView.meta({ id: 'KeyPool' }), 'Your own keys first'), ...PROBLEMS },
});

const postKey = createRoute({
  ...common,
  middleware: [adminsOnly] as const,
  method: 'post',
  path: '/admin/key-pool/keys',
  summary: 'Add a key of your own',
  description: 'It is kept encrypted and never shown again. It takes effect with the next call.',
  request: { body: { required: true, content: { 'application/json': { schema: NewKey.meta({ id: 'NewKey' }) } } } },
  responses: { 201: jsonResponse(Account, 'The account of the key'), ...PROBLEMS },
});

const deleteKeyRoute = createRoute({
  ...common,
  middleware: [adminsOnly] as const,
  method: 'delete',
  path: '/admin/key-pool/keys/{keyId}',
  summary: 'Remove a key of your own',
  description: 'Calls under way end with it; no other call begins.',
  request: { params },
  responses: { 204: { description: 'It is gone' }, ...PROBLEMS },
});

const postReset = createRoute({
  ...common,
  middleware: [adminsOnly] as const,
  method: 'post',
  path: '/admin/key-pool/keys/{keyId}/reset',
  summary: 'Release a key from quarantine or cooldown',
  description: 'Shared keys are released by admins of the default organization.',
  request: { params },
  responses: { 200: jsonResponse(Account, 'The account as it is now'), ...PROBLEMS },
});

/** The key pool as admins see it. */
export const keyPoolRoutes = (deps: KeyPoolDeps & SealerDeps & LogDeps) =>
  new OpenAPIHono<ApiEnv>({ defaultHook: refuse })
    .openapi(getPool, async (c) => c.json(await readKeyPool(deps, c.get('principal').organizationId), 200))
    .openapi(postKey, async (c) => c.json(await addKey(deps, c.get('principal'), c.req.valid('json')), 201))
    .openapi(deleteKeyRoute, async (c) => {
      await removeKey(deps, c.get('principal'), c.req.valid('param').keyId);
      return c.body(null, 204);
    })
    .openapi(postReset, async (c) => c.json(await resetKey(deps, c.get('principal'), c.req.valid('param').keyId), 200));
