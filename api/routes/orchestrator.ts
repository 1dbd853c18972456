import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import {
  Accepted,
  orchestrateRequestFor,
  SessionView,
  type OrchestrateRequest,
} from '../../contracts/orchestration.ts';
import {
  acceptRequest,
  refuseReservedWord,
  type AcceptDeps,
  type IncomingRequest,
} from '../../domain/orchestrations/accept.ts';
import { readSession } from '../../domain/sessions/sessions.ts';
import type { ApiDeps, ApiEnv } from '../deps.ts';
import { membersOnly } from '../middleware/authenticate.ts';
import { BEARER, jsonResponse, PROBLEMS, refuse } from './responses.ts';
import type { Principal } from '../../contracts/request.ts';

const orchestrate = ({ agents }: Pick<ApiDeps, 'agents'>) =>
  createRoute({
    method: 'post',
    path: '/orchestrate',
    tags: ['Orchestrator'],
    summary: 'Ask for work',
    description:
      'Accepts a request durably and starts it. The same idempotency key gives the same job. A message that is nothing ' +
      'but a word like APPROVE, CANCEL, UNDO or HELP starts nothing: 400 `reserved-word` says where it counts.',
    security: BEARER,
    middleware: [membersOnly] as const,
    request: {
      headers: z.object({ 'idempotency-key': z.string().min(1).max(200).optional() }),
      body: {
        required: true,
        content: {
          'application/json': { schema: orchestrateRequestFor(agents.keys()).meta({ id: 'OrchestrateRequest' }) },
        },
      },
    },
    responses: {
      202: jsonResponse(
        Accepted.meta({ id: 'Accepted' }),
        'Accepted: it will be done, whatever happens to this connection',
      ),
      ...PROBLEMS,
    },
  });

const session = createRoute({
  method: 'get',
  path: '/sessions/{sessionId}',
  tags: ['Orchestrator'],
  summary: 'Read a conversation',
  security: BEARER,
  request: { params: z.object({ sessionId: z.string() }) },
  responses: {
    200: jsonResponse(SessionView.meta({ id: 'Session' }), 'The conversation with its newest 100 messages and jobs'),
    ...PROBLEMS,
  },
});

/** Asking for work, and the conversations it belongs to. */
export const orchestratorRoutes = (deps: AcceptDeps & Pick<ApiDeps, 'agents'>) =>
  new OpenAPIHono<ApiEnv>({ defaultHook: refuse })
    .openapi(orchestrate(deps), async (c) => {
      refuseReservedWord(c.req.valid('json'));
      const request = toIncoming(c.get('principal'), c.req.valid('json'), c.req.valid('header')['idempotency-key']);
      const { orchestration, isRepeated } = await acceptRequest(deps, request);
      if (isRepeated) c.header('idempotent-replayed', 'true');
      const { id, session_id: sessionId, status } = orchestration;
      return c.json({ jobId: id, sessionId, status }, 202);
    })
    .openapi(session, async (c) =>
      c.json(await readSession(deps, c.get('principal'), c.req.valid('param').sessionId), 200),
    );

function toIncoming(
  by: Principal,
  { message, sessionId, idempotencyKey, ...options }: OrchestrateRequest,
  headerKey: string | undefined,
): IncomingRequest {
  const { organizationId, userId } = by;
  const key = idempotencyKey ?? headerKey;
  const { agents, category, mode, requireApproval, plan, dryRun } = options;
  return {
    organizationId,
    userId,
    source: 'rest',
    message,
    options: { agents, category, mode, requireApproval, plan, dryRun },
    keys: key ? [`rest:${userId}:${key}`] : [],
    session: sessionId ? { kind: 'known', id: sessionId, by } : { kind: 'new' },
  };
}
