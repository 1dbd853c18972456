import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { AgentView, type AgentDefinition } from '../../contracts/agents.ts';
import type { ApiDeps, ApiEnv } from '../deps.ts';
import { BEARER, jsonResponse, PROBLEMS, refuse } from './responses.ts';

const getAgents = createRoute({
  tags: ['Agents'],
  security: BEARER,
  method: 'get',
  path: '/agents',
  summary: 'The agents that requests can name',
  responses: {
    200: jsonResponse(z.object({ agents: z.array(AgentView.meta({ id: 'Agent' })) }), 'In the order people see'),
    ...PROBLEMS,
  },
});

/** Who can work on a request: one for each file of `agents/`. */
export const agentRoutes = ({ agents }: Pick<ApiDeps, 'agents'>) =>
  new OpenAPIHono<ApiEnv>({ defaultHook: refuse }).openapi(getAgents, (c) =>
    c.json({ agents: [...agents.values()].map(toView) }, 200),
  );

const toView = ({ id, name, description, category, tier }: AgentDefinition): AgentView => ({
  id,
  name,
  description,
  category,
  tier,
});
