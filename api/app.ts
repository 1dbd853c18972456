import { OpenAPIHono } from '@hono/zod-openapi';
import { Hono } from 'hono';
import type { ApiDeps, ApiEnv } from './deps.ts';
import { authenticate } from './middleware/authenticate.ts';
import type { McpDeps } from './mcp/offered-server.ts';
import { mcpRoutes } from './mcp/routes.ts';
import { browserSafety, jsonOnly, neverCached, requestId, restBodyLimit } from './middleware/request.ts';
import { describedQueryOnly, storableBody, textAddress } from './middleware/input.ts';
import { onError, problemResponse } from './problems.ts';
import { callTool, followCall } from '../domain/tools/tool-call.ts';
import { codecRoutes } from './routes/codec.ts';
import { connectionRoutes } from './routes/connections.ts';
import { effectRoutes } from './routes/effects.ts';
import { eventRoutes } from './routes/events.ts';
import { healthRoutes, inboxRoutes } from './routes/health.ts';
import { jobRoutes } from './routes/jobs.ts';
import { moneyRoutes } from './routes/money.ts';
import { keyPoolRoutes } from './routes/key-pool.ts';
import { oauthPublicRoutes, oauthRoutes } from './routes/oauth.ts';
import { orchestratorRoutes } from './routes/orchestrator.ts';
import { consoleRoutes, docsRoutes, missingPage } from './routes/pages.ts';
import { policyRoutes } from './routes/policies.ts';
import { routingRoutes } from './routes/routing.ts';
import { agentRoutes } from './routes/agents.ts';
import { skillRoutes } from './routes/skills.ts';
import { toolRoutes } from './routes/tools.ts';
import { notFound, RequestError } from '../contracts/request.ts';

/** All of HTTP: probes and pages for everybody, Slack by its signature, everything else by token. */
export function createApp(deps: ApiDeps, slackEvents: Hono<ApiEnv> | undefined) {
  const app = new OpenAPIHono<ApiEnv>();
  app.onError(onError(deps));
  app.notFound(
    async (c) =>
      (await missingPage(c, deps.webDir)) ??
      problemResponse(
        c,
        'not-found',
        `There is nothing at ${c.req.method} ${c.req.path}. The API is described at /docs.`,
      ),
  );
  app.use(requestId, browserSafety, textAddress);
  for (const own of ['/api/*', '/mcp/*', '/codec/*', '/health/*']) app.use(own, neverCached);
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' });
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: { title: 'Nubabel', version: '0.1.0', description: 'Durable multi-agent work: ask, follow, approve, read.' },
  });
  app.route('/api/slack/events', slackEvents ?? noSlack());
  app.route('/', oauthPublicRoutes(deps));
  app.route('/mcp', mcpRoutes(toMcpDeps(deps)));
  app.use('/api/*', authenticate(deps), restBodyLimit, jsonOnly, storableBody);
  app.use(describedQueryOnly(app));
  return app
    .route('/health', healthRoutes(deps))
    .route('/codec', codecRoutes(deps))
    .route('/api/orchestrator', orchestratorRoutes(deps))
    .route('/api/jobs', jobRoutes(deps))
    .route('/api/jobs', effectRoutes(deps))
    .route('/api/connections', connectionRoutes(deps))
    .route('/api/connections', oauthRoutes(deps))
    .route('/api/tools', toolRoutes(deps))
    .route('/api', eventRoutes(deps))
    .route('/api', moneyRoutes(deps))
    .route('/api', policyRoutes(deps))
    .route('/api', keyPoolRoutes(deps))
    .route('/api', agentRoutes(deps))
    .route('/api', skillRoutes(deps))
    .route('/api/admin/routing', routingRoutes(deps))
    .route('/api/admin', inboxRoutes(deps))
    .all('/api/*', () => Promise.reject(notFound('address')))
    .route('/docs', docsRoutes())
    .route('/', consoleRoutes(deps));
}

const noSlack = () =>
  new Hono<ApiEnv>().post('/', () =>
    Promise.reject(
      new RequestError('unavailable', 'Slack is not configured: set SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET.'),
    ),
  );

/** How long an MCP client waits for one call; after that it is told the job. */
const MCP_CALL_MS = 55_000;

const toMcpDeps = (deps: ApiDeps): McpDeps => ({
  ...deps,
  host: deps.tools,
  sessions: deps.mcpSessions,
  callTool: (principal, name, args, options) =>
    callTool(deps, principal, name, args, { waitMs: MCP_CALL_MS, ...options }),
  followCall: (principal, jobId, options) => followCall(deps, principal, jobId, { waitMs: MCP_CALL_MS, ...options }),
});
