import { z } from 'zod';
import { readBody, sendJson, type Handler } from '../http-server.ts';
import { demoResponder } from './demo/demo-responder.ts';
import { echo } from './from-schema.ts';
import type { ModelState } from './routes.ts';
import type { Responder } from './types.ts';

const Spoken = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('demo'), latencyMs: z.number().optional() }),
  z.object({ kind: z.literal('echo') }),
  z.object({ kind: z.literal('text'), text: z.string() }),
  z.object({
    kind: z.literal('calls'),
    calls: z.array(z.object({ name: z.string(), input: z.record(z.string(), z.unknown()) })).min(1),
    text: z.string().optional(),
  }),
  z.object({ kind: z.literal('hang') }),
  z.object({
    kind: z.literal('error'),
    status: z.number().int().default(529),
    type: z.string().default('overloaded_error'),
    message: z.string().default('Overloaded'),
    retryAfterSeconds: z.number().optional(),
  }),
  z.object({ kind: z.literal('delay'), delayMs: z.number(), as: z.enum(['demo', 'echo']).default('demo') }),
]);

/** `times`: so many answers, then the responder from before again. */
const Order = z.object({ times: z.number().int().positive().optional() }).and(Spoken);

function toResponder(order: z.infer<typeof Spoken>): Responder {
  if (order.kind === 'delay') {
    const say = toResponder({ kind: order.as });
    return async (request) => ({ ...(await say(request)), delayMs: order.delayMs });
  }
  switch (order.kind) {
    case 'demo':
      return demoResponder({ latencyMs: order.latencyMs });
    case 'echo':
      return echo;
    case 'text':
      return () => ({ text: order.text });
    case 'calls':
      return () => ({ calls: order.calls, text: order.text });
    case 'hang':
      return () => ({ hang: true });
    case 'error':
    default:
      return () => ({ error: order });
  }
}

function limited(next: Responder, before: Responder, times = Number.POSITIVE_INFINITY): Responder {
  let left = times;
  return (request) => (left-- > 0 ? next(request) : before(request));
}

/** `POST /_control/responder|pause|resume` and `GET /_control/requests|log`. */
export function createControl(state: ModelState): Handler {
  return async (req, res) => {
    const ok = (body: unknown = { ok: true }) => sendJson(res, 200, body);
    switch (`${req.method} ${req.url}`) {
      case 'GET /_control/requests':
        return ok(state.requests.map(({ apiKey, ...request }) => ({ ...request, key: apiKey.slice(-4) })));
      case 'GET /_control/log':
        return ok(state.journal.lines);
      case 'POST /_control/pause':
        state.gate.pause();
        return ok();
      case 'POST /_control/resume':
        state.gate.resume();
        return ok();
      case 'POST /_control/responder': {
        const order = Order.safeParse(JSON.parse((await readBody(req)) || '{}'));
        if (!order.success) return sendJson(res, 400, { ok: false, error: z.prettifyError(order.error) });
        state.respond = limited(toResponder(order.data), state.respond, order.data.times);
        return ok();
      }
      default:
        return sendJson(res, 404, { ok: false, error: 'not_found' });
    }
  };
}
