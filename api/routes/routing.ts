import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { Language } from '../../contracts/agents.ts';
import {
  DecidedBy,
  OverrideRequest,
  RoutingAccuracy,
  RoutingDecision,
  RoutingOverride,
} from '../../contracts/routing.ts';
import type { DatabaseDeps } from '../../domain/deps.ts';
import type { ApiDeps, ApiEnv } from '../deps.ts';
import { adminsOnly } from '../middleware/authenticate.ts';
import {
  ACCURACY_REQUESTS,
  addOverride,
  DECISIONS_LOOKED_AT,
  measureAccuracy,
  readDecisions,
  readOverrides,
  removeOverride,
} from '../../domain/routing/overrides.ts';
import { BEARER, jsonResponse, PROBLEMS, refuse, refuseUnknownAgents } from './responses.ts';

const Override = RoutingOverride.meta({ id: 'RoutingOverride' });
const forAdmins = { tags: ['Routing'], security: BEARER, middleware: adminsOnly };

const decisions = createRoute({
  ...forAdmins,
  method: 'get',
  path: '/decisions',
  summary: 'Who was chosen for which request, by whom and why',
  description:
    `\`before\` takes \`next\` of the page before; null means that there is no more. ${DECISIONS_LOOKED_AT} requests are looked ` +
    'at for one page: with a filter it may be shorter than `limit`, even empty, and `next` goes on from there.',
  request: {
    query: z.object({
      limit: z.coerce.number().int().min(1).max(200).default(50),
      before: z.iso.datetime().optional(),
      language: Language.optional(),
      decidedBy: DecidedBy.optional(),
    }),
  },
  responses: {
    200: jsonResponse(
      z.object({ decisions: z.array(RoutingDecision.meta({ id: 'RoutingDecision' })), next: z.string().nullable() }),
      'The newest first; a message is cut after 500 characters',
    ),
    ...PROBLEMS,
  },
});

const putOverride = createRoute({
  ...forAdmins,
  method: 'post',
  path: '/overrides',
  summary: 'Say who should have been chosen',
  description:
    'Counts from the next request on, for the same words and for requests like them, without a restart. A later ' +
    'override of the same words replaces the earlier one. The job itself stays as it is.',
  request: {
    body: {
      required: true,
      content: { 'application/json': { schema: OverrideRequest.meta({ id: 'OverrideRequest' }) } },
    },
  },
  responses: { 201: jsonResponse(Override, 'It counts'), ...PROBLEMS },
});

const getOverrides = createRoute({
  ...forAdmins,
  method: 'get',
  path: '/overrides',
  summary: 'What admins have taught the router',
  responses: {
    200: jsonResponse(z.object({ overrides: z.array(Override) }), 'The newest first; the newest 500 count'),
    ...PROBLEMS,
  },
});

const deleteOverride = createRoute({
  ...forAdmins,
  method: 'delete',
  path: '/overrides/{overrideId}',
  summary: 'Take an override back',
  request: { params: z.object({ overrideId: z.string() }) },
  responses: { 200: jsonResponse(Override, 'It counts no more'), ...PROBLEMS },
});

const accuracy = createRoute({
  ...forAdmins,
  method: 'get',
  path: '/accuracy',
  summary: 'How good the routing is, per language',
  description:
    `Of the last 90 days, ${ACCURACY_REQUESTS} requests at most: the share of decisions that no admin has overridden, by who ` +
    'decided. And each override, tried on a router that was taught the others only.',
  responses: {
    200: jsonResponse(
      z.object({ languages: z.array(RoutingAccuracy.meta({ id: 'RoutingAccuracy' })) }),
      'English and Korean',
    ),
    ...PROBLEMS,
  },
});

/** Routing decisions, and what admins teach the router. */
export const routingRoutes = (deps: DatabaseDeps & Pick<ApiDeps, 'agents' | 'router'>) =>
  new OpenAPIHono<ApiEnv>({ defaultHook: refuse })
    .openapi(decisions, async (c) => c.json(await readDecisions(deps, c.get('principal'), c.req.valid('query')), 200))
    .openapi(putOverride, async (c) => {
      const override = c.req.valid('json');
      refuseUnknownAgents(deps, override.agents);
      return c.json(await addOverride(deps, c.get('principal'), override), 201);
    })
    .openapi(getOverrides, async (c) =>
      c.json({ overrides: await readOverrides(deps, c.get('principal').organizationId) }, 200),
    )
    .openapi(deleteOverride, async (c) =>
      c.json(await removeOverride(deps, c.get('principal'), c.req.valid('param').overrideId), 200),
    )
    .openapi(accuracy, async (c) =>
      c.json({ languages: await measureAccuracy(deps, c.get('principal').organizationId) }, 200),
    );
