import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendJson, type Handler } from '../http-server.ts';
import type { Journal } from '../journal.ts';
import type { Waiters } from '../waiters.ts';
import { answer } from './answer.ts';
import { RequestRefusedError, sendError } from './errors.ts';
import type { Gate } from './gate.ts';
import type { KnownModel } from './models.ts';
import { checkHeaders, keyOf, readRequest, type KeyRules } from './read-request.ts';
import type { ModelLogLine, ModelRequest, Responder } from './types.ts';
import { countPrompt, type PromptCache } from './usage.ts';

/** What a running fake consists of. */
export interface ModelState {
  readonly keys: KeyRules;
  readonly models: readonly KnownModel[];
  readonly streams: boolean;
  readonly journal: Journal<ModelLogLine>;
  readonly waiters: Waiters;
  readonly cache: PromptCache;
  readonly gate: Gate;
  readonly requests: ModelRequest[];
  respond: Responder;
}

interface Call {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly path: string;
  readonly requestId: string;
  readonly startedAt: number;
}

type Route = (state: ModelState, call: Call) => Promise<void>;

const createMessage: Route = async (state, { req, res, requestId, startedAt }) => {
  const { request, prompt } = await readRequest(req, requestId, state.models);
  state.requests.push(request);
  state.waiters.notify();
  const reply = await state.respond(request);
  const measureInput = () => state.cache.measure(`${request.apiKey}\0${request.model}`, prompt);
  await answer({ request, res, startedAt, measureInput, streams: state.streams }, reply, state.gate, state.journal);
};

const countMessageTokens: Route = async (state, call) => {
  const { request, prompt } = await readRequest(call.req, call.requestId, state.models, true);
  state.journal.append({ ...describe(call), model: request.model, outcome: 'counted', status: 200 });
  sendJson(call.res, 200, { input_tokens: countPrompt(prompt) }, { 'request-id': call.requestId });
};

const listModels: Route = async ({ models }, { res, requestId }) => {
  const data = models.map((model) => ({ type: 'model', ...model, capabilities: null, lifecycle: 'active' }));
  const page = { data, has_more: false, first_id: models[0]?.id ?? null, last_id: models.at(-1)?.id ?? null };
  sendJson(res, 200, page, { 'request-id': requestId });
};

const ROUTES: Readonly<Record<string, Route>> = {
  'POST /v1/messages': createMessage,
  'POST /v1/messages/count_tokens': countMessageTokens,
  'GET /v1/models': listModels,
};

const describe = ({ req, path, requestId, startedAt }: Call) => ({
  at: new Date(startedAt).toISOString(),
  requestId,
  path,
  ms: Date.now() - startedAt,
  key: keyOf(req).slice(-4),
});

/** Serves the Messages API. */
export function createMessagesApi(state: ModelState): Handler {
  return async (req, res) => {
    const path = new URL(req.url ?? '/', 'http://fake').pathname;
    const requestId = `req_${randomUUID().replaceAll('-', '').slice(0, 24)}`;
    const call = { req, res, path, requestId, startedAt: Date.now() };
    try {
      checkHeaders(req, state.keys);
      const route = ROUTES[`${req.method} ${path}`];
      if (!route) throw new RequestRefusedError(404, 'not_found_error', 'Not Found');
      await route(state, call);
    } catch (error) {
      if (!(error instanceof RequestRefusedError)) throw error;
      state.journal.append({ ...describe(call), outcome: 'error', status: error.error.status, error: error.error });
      sendError(res, requestId, error.error);
    }
  };
}
