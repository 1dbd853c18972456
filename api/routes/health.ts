import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { checkHealth, Health, type HealthDeps } from '../../domain/health.ts';
import type { ApiEnv } from '../deps.ts';
import { jsonResponse } from './responses.ts';

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
