import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { readOrganization } from '../../domain/organizations/organizations.ts';
import type { ApiDeps, ApiEnv } from '../deps.ts';
import { LastEventHeader, LastEventQuery, streamEvents, type StreamDeps } from '../sse/stream.ts';
import { BEARER, jsonResponse, PROBLEMS, refuse } from './responses.ts';

const events = createRoute({
  method: 'get',
  path: '/events',
  tags: ['Events'],
  summary: 'Follow the organization (Server-Sent Events)',
  description: 'Live, or after Last-Event-ID for at least an hour back. scope=user: only your own work.',
  security: BEARER,
  request: {
    query: LastEventQuery.extend({ scope: z.enum(['organization', 'user']).default('organization') }),
    headers: LastEventHeader,
  },
  responses: { 200: { description: 'Events', content: { 'text/event-stream': { schema: z.string() } } }, ...PROBLEMS },
});

const Me = z.object({
  organization: z.object({ id: z.string(), name: z.string() }),
  user: z.object({ id: z.string(), name: z.string(), role: z.string() }),
  temporalUiUrl: z.string().nullable(),
  demo: z.boolean(),
});

const me = createRoute({
  method: 'get',
  path: '/me',
  tags: ['Events'],
  summary: 'Who this token speaks for',
  security: BEARER,
  responses: { 200: jsonResponse(Me, 'You'), ...PROBLEMS },
});

/** The organization's events, and who is listening. */
export const eventRoutes = (deps: StreamDeps & Pick<ApiDeps, 'temporalUiUrl' | 'demo'>) =>
  new OpenAPIHono<ApiEnv>({ defaultHook: refuse })
    .openapi(events, (c) =>
      streamEvents(c, deps, c.req.valid('query').scope === 'user' ? { userId: c.get('principal').userId } : {}),
    )
    .openapi(me, async (c) => {
      const { organizationId, userId, name, role } = c.get('principal');
      const organization = await readOrganization(deps, organizationId);
      return c.json(
        {
          organization,
          user: { id: userId, name, role },
          temporalUiUrl: deps.temporalUiUrl,
          demo: deps.demo,
        },
        200,
      );
    });
