import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { randomUUID } from 'node:crypto';
import { Accepted, OrchestrateRequest, SessionView } from '../../contracts/orchestration.ts';
import { withOrganization } from '../../db/organization.ts';
import { listRecentMessages } from '../../db/queries/messages.ts';
import { listOfSession } from '../../db/queries/orchestrations.ts';
import { findSession, insertSession, touchSession } from '../../db/queries/sessions.ts';
import type { Principal } from '../../db/queries/people.ts';
import { acceptRequest, fingerprintOf, type IncomingRequest } from '../../domain/orchestrations/accept.ts';
import type { ApiDeps, ApiEnv } from '../deps.ts';
import { membersOnly } from '../middleware/authenticate.ts';
import { notFound, ProblemError } from '../problems.ts';
import { BEARER, isUuid, jsonResponse, PROBLEMS, refuse } from './responses.ts';

const HOT_MESSAGES = 100;
const TITLE_CHARS = 80;

const orchestrate = createRoute({
  method: 'post',
  path: '/orchestrate',
  tags: ['Orchestrator'],
  summary: 'Ask for work',
  description: 'Accepts a request durably and starts it. The same idempotency key gives the same job.',
  security: BEARER,
  middleware: [membersOnly] as const,
  request: {
    headers: z.object({ 'idempotency-key': z.string().min(1).max(200).optional() }),
    body: {
      required: true,
      content: { 'application/json': { schema: OrchestrateRequest.meta({ id: 'OrchestrateRequest' }) } },
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
    200: jsonResponse(SessionView.meta({ id: 'Session' }), 'The conversation with its newest 100 messages'),
    ...PROBLEMS,
  },
});

/** Asking for work, and the conversations it belongs to. */
export const orchestratorRoutes = (deps: ApiDeps) =>
  new OpenAPIHono<ApiEnv>({ defaultHook: refuse })
    .openapi(orchestrate, async (c) => {
      const principal = c.get('principal');
      const request = toIncoming(principal, c.req.valid('json'), c.req.valid('header')['idempotency-key']);
      const accepted = await acceptRequest(deps, request);
      if (accepted.repeated && accepted.fingerprint !== fingerprintOf(request))
        throw new ProblemError(
          'idempotency-key-reused',
          'This idempotency key came with another request before. Use a new key.',
        );
      if (accepted.repeated) c.header('idempotent-replayed', 'true');
      const { id, session_id: sessionId, status } = accepted.orchestration;
      return c.json({ jobId: id, sessionId, status }, 202);
    })
    .openapi(session, async (c) => {
      const view = await readSession(deps, c.get('principal').organizationId, c.req.valid('param').sessionId);
      if (!view) throw notFound('session');
      return c.json(view, 200);
    });

function toIncoming(principal: Principal, body: OrchestrateRequest, headerKey: string | undefined): IncomingRequest {
  const { organizationId, userId } = principal;
  const { message, sessionId, idempotencyKey, agents, category, mode, requireApproval, plan, dryRun } = body;
  const key = idempotencyKey ?? headerKey;
  return {
    organizationId,
    userId,
    source: 'rest',
    message,
    options: { agents, category, mode, requireApproval, plan, dryRun },
    keys: key ? [`rest:${userId}:${key}`] : [],
    session: async (trx) => {
      if (sessionId) {
        const known = isUuid(sessionId) ? await findSession(trx, sessionId) : undefined;
        if (!known) throw notFound('session');
        await touchSession(trx, known.id);
        return known.id;
      }
      const id = randomUUID();
      const title = message.trim().slice(0, TITLE_CHARS);
      await insertSession(trx, { organization_id: organizationId, id, user_id: userId, source: 'rest', title });
      return id;
    },
  };
}

async function readSession(deps: ApiDeps, organizationId: string, id: string): Promise<SessionView | undefined> {
  if (!isUuid(id)) return undefined;
  return withOrganization(deps.db, organizationId, async (trx) => {
    const found = await findSession(trx, id);
    if (!found) return undefined;
    const messages = await listRecentMessages(trx, { sessionId: id, limit: HOT_MESSAGES });
    const jobs = await listOfSession(trx, id);
    return {
      sessionId: id,
      title: found.title,
      source: found.source,
      createdAt: found.created_at.toISOString(),
      updatedAt: found.updated_at.toISOString(),
      messages: messages.map((message) => ({
        id: message.id,
        role: message.role,
        content: message.content,
        jobId: message.orchestration_id,
        createdAt: message.created_at.toISOString(),
      })),
      jobs: jobs.map((job) => ({
        jobId: job.id,
        status: job.status,
        message: job.message,
        createdAt: job.created_at.toISOString(),
      })),
    };
  });
}
