import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { checkHealth, Health, type HealthDeps } from '../../domain/health.ts';
import { readBacklog, retryDelivery, WaitingDelivery } from '../../domain/inbox/relay.ts';
import type { DatabaseDeps } from '../../domain/deps.ts';
import type { ApiEnv } from '../deps.ts';
import { adminsOnly } from '../middleware/authenticate.ts';
import { BEARER, jsonResponse, PROBLEMS, refuse } from './responses.ts';

/** Probes come often; one look a second serves them all. */
const KEEP_MS = 1_000;

const route = (path: string, summary: string) =>
  createRoute({
    method: 'get',
    path,
    tags: ['Health'],
    summary,
    responses: { 200: jsonResponse(Health, 'Everything is there'), 503: jsonResponse(Health, 'Something is away') },
  });
const live = createRoute({
  method: 'get',
  path: '/live',
  tags: ['Health'],
  summary: 'The process answers',
  responses: { 200: jsonResponse(z.object({ status: z.literal('ok') }), 'It does') },
});

/** Probes without a token; they tell nothing about anybody's data. */
export function healthRoutes(deps: HealthDeps) {
  let kept: { at: number; health: Promise<Health> } | undefined;
  const look = () => {
    if (!kept || Date.now() - kept.at > KEEP_MS) kept = { at: Date.now(), health: checkHealth(deps) };
    return kept.health;
  };
  return new OpenAPIHono<ApiEnv>()
    .openapi(live, (c) => c.json({ status: 'ok' as const }, 200))
    .openapi(route('/ready', 'The process can do its work'), async (c) => {
      const health = await look();
      return health.status === 'unavailable' ? c.json(health, 503) : c.json(health, 200);
    })
    .openapi(route('/', 'All parts, one by one'), async (c) => {
      const health = await look();
      return health.status === 'unavailable' ? c.json(health, 503) : c.json(health, 200);
    });
}

const forAdmins = { tags: ['Health'], security: BEARER, middleware: adminsOnly };

const getInbox = createRoute({
  ...forAdmins,
  method: 'get',
  path: '/inbox',
  summary: 'What your organization was promised and Temporal has not got yet',
  description: 'Empty when all is well. Nothing is given up: each is tried again at `nextAttemptAt`, hourly at last.',
  responses: {
    200: jsonResponse(
      z.object({ deliveries: z.array(WaitingDelivery.meta({ id: 'WaitingDelivery' })) }),
      'The oldest first, 200 at most',
    ),
    ...PROBLEMS,
  },
});

const postRetry = createRoute({
  ...forAdmins,
  method: 'post',
  path: '/inbox/{deliveryId}/retry',
  summary: 'Try a waiting delivery now',
  request: { params: z.object({ deliveryId: z.string() }) },
  responses: { 204: { description: 'The next round tries it' }, ...PROBLEMS },
});

/** Deliveries that wait, for those who look after the system. */
export const inboxRoutes = (deps: DatabaseDeps) =>
  new OpenAPIHono<ApiEnv>({ defaultHook: refuse })
    .openapi(getInbox, async (c) => c.json({ deliveries: await readBacklog(deps, c.get('principal')) }, 200))
    .openapi(postRetry, async (c) => {
      await retryDelivery(deps, c.get('principal'), c.req.valid('param').deliveryId);
      return c.body(null, 204);
    });
