import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { EffectList, ToolCallList, UndoAnswer, UndoRequest } from '../../contracts/tool-calls.ts';
import type { ApiEnv } from '../deps.ts';
import { membersOnly } from '../middleware/authenticate.ts';
import { readEffects, readToolCalls } from '../../domain/effects/job-effects.ts';
import { undoJob, type UndoDeps } from '../../domain/effects/undo.ts';
import { BEARER, jsonResponse, PROBLEMS, refuse } from './responses.ts';

const common = { tags: ['Jobs'], security: BEARER };
const request = { params: z.object({ jobId: z.string() }) };

const effects = createRoute({
  ...common,
  method: 'get',
  path: '/{jobId}/effects',
  summary: 'What a job has changed outside',
  description: 'The ledger, in the order of the claims: what happened, what perhaps did, and what can be undone.',
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
  summary: 'Undo what a job has changed outside',
  description:
    'Once the job is over. The last change is undone first; the effects tell how far it is. What others have done ' +
    'since is looked at first: where that would be lost, the effect asks (`undo: "ASK"`, `undoQuestion`), and is taken ' +
    'back only after a second call whose `accept` names the hash of the question.',
  middleware: [membersOnly] as const,
  request: {
    ...request,
    body: { required: false, content: { 'application/json': { schema: UndoRequest.meta({ id: 'UndoRequest' }) } } },
  },
  responses: { 202: jsonResponse(UndoAnswer.meta({ id: 'Undo' }), 'It is written down and will be done'), ...PROBLEMS },
});

/** What jobs have called and changed. */
export const effectRoutes = (deps: UndoDeps) =>
  new OpenAPIHono<ApiEnv>({ defaultHook: refuse })
    .openapi(effects, async (c) =>
      c.json({ effects: await readEffects(deps, c.get('principal'), c.req.valid('param').jobId) }, 200),
    )
    .openapi(calls, async (c) =>
      c.json({ calls: await readToolCalls(deps, c.get('principal'), c.req.valid('param').jobId) }, 200),
    )
    .openapi(undo, async (c) => {
      const { accept = [] } = c.req.valid('json') ?? {};
      return c.json(await undoJob(deps, c.get('principal'), c.req.valid('param').jobId, { accept }), 202);
    });
