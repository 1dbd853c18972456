import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { ToolCallAnswer, ToolCallRequest, ToolOffer } from '../../contracts/tool-calls.ts';
import type { ToolHost } from '../../domain/tools/tool-host.ts';
import type { ApiEnv } from '../deps.ts';
import { membersOnly } from '../middleware/authenticate.ts';
import { callTool, type ToolCallDeps } from '../../domain/tools/tool-call.ts';
import { toOfferedView } from '../../domain/tools/offers.ts';
import { BEARER, jsonResponse, PROBLEMS, refuse } from './responses.ts';

const Answer = ToolCallAnswer.meta({ id: 'ToolCallAnswer' });

const list = createRoute({
  method: 'get',
  path: '/',
  tags: ['Tools'],
  summary: 'What you could call now',
  description:
    'The accepted tools of your organization’s connections and of your own, and why others have none to offer.',
  security: BEARER,
  responses: { 200: jsonResponse(ToolOffer.meta({ id: 'ToolOffer' }), 'By name'), ...PROBLEMS },
});

const call = createRoute({
  method: 'post',
  path: '/{name}/call',
  tags: ['Tools'],
  summary: 'Call a tool',
  description:
    'Under the same policy, ledger, approval and audit as agents: it is a job of its own. Waits for its end for up to ' +
    '`waitMs`. The same idempotency key gives the same call.',
  security: BEARER,
  middleware: [membersOnly] as const,
  request: {
    params: z.object({ name: z.string() }),
    headers: z.object({ 'idempotency-key': z.string().min(1).max(200).optional() }),
    body: {
      required: true,
      content: { 'application/json': { schema: ToolCallRequest.meta({ id: 'ToolCallRequest' }) } },
    },
  },
  responses: {
    200: jsonResponse(Answer, 'It is over; `result` says how'),
    202: jsonResponse(Answer, 'It waits for a human, or runs on; the job tells the rest'),
    ...PROBLEMS,
  },
});

/** Tools, called by people and programs. */
export const toolRoutes = (
  deps: ToolCallDeps & { readonly tools: Pick<ToolHost, 'find' | 'checkArguments' | 'offer'> },
) =>
  new OpenAPIHono<ApiEnv>({ defaultHook: refuse })
    .openapi(list, async (c) => {
      const { organizationId, userId } = c.get('principal');
      const { tools, leftOut } = await deps.tools.offer({ organizationId, userId }, undefined);
      return c.json({ tools: tools.map(toOfferedView), leftOut: [...leftOut] }, 200);
    })
    .openapi(call, async (c) => {
      const { arguments: args, waitMs, idempotencyKey } = c.req.valid('json');
      const key = idempotencyKey ?? c.req.valid('header')['idempotency-key'];
      const options = { waitMs, signal: c.req.raw.signal, idempotencyKey: key };
      const { isRepeated, ...answer } = await callTool(
        deps,
        c.get('principal'),
        c.req.valid('param').name,
        args,
        options,
      );
      if (isRepeated) c.header('idempotent-replayed', 'true');
      return c.json(answer, answer.result ? 200 : 202);
    });
