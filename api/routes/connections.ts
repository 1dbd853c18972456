import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import {
  ConnectionChange,
  ConnectionHealth,
  ConnectionTest,
  ConnectionTools,
  ConnectionView,
  NewConnection,
} from '../../contracts/connections.ts';
import { AcceptTools, ToolDecision, ToolName } from '../../contracts/tools.ts';
import { testConnection } from '../../domain/connections/check.ts';
import { acceptShown, decideAboutTool, readTools } from '../../domain/connections/connection-tools.ts';
import { listViews, readSeen } from '../../domain/connections/connection-views.ts';
import {
  changeConnection,
  createConnection,
  removeConnection,
  type ConnectDeps,
} from '../../domain/connections/change-connection.ts';
import type { ApiEnv } from '../deps.ts';
import { adminsOnly, membersOnly } from '../middleware/authenticate.ts';
import { BEARER, jsonResponse, PROBLEMS, refuse } from './responses.ts';

const common = { tags: ['Connections'], security: BEARER };
const params = z.object({ connectionId: z.string() });
const View = ConnectionView.meta({ id: 'Connection' });
const Tools = ConnectionTools.meta({ id: 'ConnectionTools' });
const body = <T extends z.ZodType>(schema: T, required = true) => ({
  required,
  content: { 'application/json': { schema } },
});

const list = createRoute({
  ...common,
  method: 'get',
  path: '/',
  summary: 'Your organization’s connections, and your own',
  description: 'In the order they were made. `after` takes the id of the last one of the page before.',
  request: {
    query: z.object({
      limit: z.coerce.number().int().min(1).max(200).default(100),
      after: z.uuid().optional(),
      provider: z.string().optional(),
      health: ConnectionHealth.optional(),
    }),
  },
  responses: { 200: jsonResponse(z.object({ connections: z.array(View) }), 'The oldest first'), ...PROBLEMS },
});

const create = createRoute({
  ...common,
  middleware: [membersOnly] as const,
  method: 'post',
  path: '/',
  summary: 'Connect a provider or an MCP server',
  description:
    'Credentials are kept encrypted and never shown again. It is tried at once and its tools are accepted as they are; ' +
    'when it cannot be reached it is kept all the same, and `health` and `lastError` say why.',
  request: { body: body(NewConnection.meta({ id: 'NewConnection' })) },
  responses: { 201: jsonResponse(View, 'Connected, or kept with what is wrong'), ...PROBLEMS },
});

const read = createRoute({
  ...common,
  method: 'get',
  path: '/{connectionId}',
  summary: 'Read a connection',
  request: { params },
  responses: { 200: jsonResponse(View, 'As it is now; of its secrets only that they are there'), ...PROBLEMS },
});

const change = createRoute({
  ...common,
  middleware: [membersOnly] as const,
  method: 'patch',
  path: '/{connectionId}',
  summary: 'Change a connection',
  description: 'New credentials replace the old whole, and work that waits for them goes on.',
  request: { params, body: body(ConnectionChange.meta({ id: 'ConnectionChange' })) },
  responses: { 200: jsonResponse(View, 'As it is now'), ...PROBLEMS },
});

const remove = createRoute({
  ...common,
  middleware: [membersOnly] as const,
  method: 'delete',
  path: '/{connectionId}',
  summary: 'Delete a connection with its credentials and tools',
  request: { params },
  responses: { 204: { description: 'It is gone' }, ...PROBLEMS },
});

const test = createRoute({
  ...common,
  middleware: [membersOnly] as const,
  method: 'post',
  path: '/{connectionId}/test',
  summary: 'Try a connection now',
  description: 'Credentials, connectivity, permissions and limits, each with what was found; within about 20 s.',
  request: { params },
  responses: { 200: jsonResponse(ConnectionTest.meta({ id: 'ConnectionTest' }), 'What was found'), ...PROBLEMS },
});

const tools = createRoute({
  ...common,
  method: 'get',
  path: '/{connectionId}/tools',
  summary: 'A connection’s tools, also those that wait for an admin, with what has changed in them',
  description: 'Asks the server with `refresh=true`, or when nobody has for ten minutes.',
  request: { params, query: z.object({ refresh: z.enum(['true', 'false']).default('false') }) },
  responses: { 200: jsonResponse(Tools, 'By name'), ...PROBLEMS },
});

const accept = createRoute({
  ...common,
  middleware: [adminsOnly] as const,
  method: 'post',
  path: '/{connectionId}/accept',
  summary: 'Switch on new and changed tools',
  description: 'Each `hash` binds to exactly what was shown; when that has changed nothing is accepted.',
  request: { params, body: body(AcceptTools.meta({ id: 'AcceptTools' })) },
  responses: { 200: jsonResponse(Tools, 'The tools as they are now'), ...PROBLEMS },
});

const decideTool = createRoute({
  ...common,
  middleware: [adminsOnly] as const,
  method: 'patch',
  path: '/{connectionId}/tools/{name}',
  summary: 'Decide about a tool',
  description:
    '`alwaysAllow`: nobody is asked about its calls, whatever the policy says. `risk`: the worst it may do, whatever its ' +
    'server says of it. Bound to the `hash` that was shown: both end when the tool changes.',
  request: {
    params: params.extend({ name: ToolName }),
    body: body(ToolDecision.meta({ id: 'ToolDecision' })),
  },
  responses: { 200: jsonResponse(Tools, 'The tools as they are now'), ...PROBLEMS },
});

/** What an organization and its people are connected to. */
export const connectionRoutes = (deps: ConnectDeps) =>
  new OpenAPIHono<ApiEnv>({ defaultHook: refuse })
    .openapi(list, async (c) =>
      c.json({ connections: await listViews(deps, c.get('principal'), c.req.valid('query')) }, 200),
    )
    .openapi(create, async (c) => c.json(await createConnection(deps, c.get('principal'), c.req.valid('json')), 201))
    .openapi(read, async (c) =>
      c.json(await readSeen(deps, c.get('principal'), c.req.valid('param').connectionId), 200),
    )
    .openapi(change, async (c) => {
      const { connectionId } = c.req.valid('param');
      return c.json(await changeConnection(deps, c.get('principal'), connectionId, c.req.valid('json')), 200);
    })
    .openapi(remove, async (c) => {
      await removeConnection(deps, c.get('principal'), c.req.valid('param').connectionId);
      return c.body(null, 204);
    })
    .openapi(test, async (c) =>
      c.json(await testConnection(deps, c.get('principal'), c.req.valid('param').connectionId), 200),
    )
    .openapi(tools, async (c) => {
      const refresh = c.req.valid('query').refresh === 'true';
      return c.json(await readTools(deps, c.get('principal'), c.req.valid('param').connectionId, refresh), 200);
    })
    .openapi(accept, async (c) => {
      const { connectionId } = c.req.valid('param');
      return c.json(await acceptShown(deps, c.get('principal'), connectionId, c.req.valid('json')), 200);
    })
    .openapi(decideTool, async (c) => {
      const { connectionId: id, name } = c.req.valid('param');
      return c.json(await decideAboutTool(deps, c.get('principal'), { id, name }, c.req.valid('json')), 200);
    });
