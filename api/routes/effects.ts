import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { EffectList, ToolCallList, UndoAnswer } from '../../contracts/tool-calls.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { findOrchestration } from '../../db/queries/orchestrations.ts';
import { listCalls, listEffects } from '../../db/queries/tool-views.ts';
import type { ApiDeps, ApiEnv } from '../deps.ts';
import { membersOnly } from '../middleware/authenticate.ts';
import { notFound } from '../problems.ts';
import { undoJob } from '../../domain/effects/undo.ts';
import { toEffectView } from '../views/effect.ts';
import { toToolCallView } from '../views/tool-call.ts';
import { BEARER, isUuid, jsonResponse, PROBLEMS, refuse } from './responses.ts';

/** More than one run can make. */
const MAX_CALLS = 1_000;
const common = { tags: ['Jobs'], security: BEARER };
const request = { params: z.object({ jobId: z.string() }) };

const effects = createRoute({
  ...common,
  method: 'get',
  path: '/{jobId}/effects',
  summary: 'What a job has changed outside',
  description: 'The ledger, in the order of the claims: what happened, what perhaps did, and what can be taken back.',
  request,
  responses: { 200: jsonResponse(EffectList.meta({ id: 'Effects' }), 'In the order of the claims'), ...PROBLEMS },
});

const calls = createRoute({
  ...common,
  method: 'get',
  path: '/{jobId}/tool-calls',
  summary: 'Every tool call of a job, with what it answered',
  request,
  responses: { 200: jsonResponse(ToolCallList.meta({ id: 'ToolCalls' }), 'In the order they were made'), ...PROBLEMS },
});

const undo = createRoute({
  ...common,
  method: 'post',
  path: '/{jobId}/undo',
  summary: 'Take back what a job has changed outside',
  description: 'Once the job is over. The last change is taken back first; the effects tell how far it is.',
  middleware: [membersOnly] as const,
  request,
  responses: { 202: jsonResponse(UndoAnswer.meta({ id: 'Undo' }), 'It is written down and will be done'), ...PROBLEMS },
});

/** What jobs have called and changed. */
export const effectRoutes = (deps: ApiDeps) =>
  new OpenAPIHono<ApiEnv>({ defaultHook: refuse })
    .openapi(effects, async (c) => {
      const rows = await ofJob(deps, c.get('principal').organizationId, c.req.valid('param').jobId, listEffects);
      return c.json({ effects: rows.map(toEffectView) }, 200);
    })
    .openapi(calls, async (c) => {
      const read = (trx: OrganizationTransaction, id: string) => listCalls(trx, id, MAX_CALLS);
      const rows = await ofJob(deps, c.get('principal').organizationId, c.req.valid('param').jobId, read);
      return c.json({ calls: rows.map(toToolCallView) }, 200);
    })
    .openapi(undo, async (c) => {
      const { jobId } = c.req.valid('param');
      if (!isUuid(jobId)) throw notFound('job');
      return c.json(await undoJob(deps, c.get('principal'), jobId), 202);
    });

function ofJob<T>(
  deps: ApiDeps,
  organizationId: string,
  jobId: string,
  read: (trx: OrganizationTransaction, jobId: string) => Promise<T>,
): Promise<T> {
  if (!isUuid(jobId)) throw notFound('job');
  return withOrganization(deps.db, organizationId, async (trx) => {
    if (!(await findOrchestration(trx, jobId))) throw notFound('job');
    return read(trx, jobId);
  });
}
