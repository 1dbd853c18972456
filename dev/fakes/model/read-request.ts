import type { IncomingMessage } from 'node:http';
import { parseObject, readBody } from '../http-server.ts';
import { textOf, type PromptPart } from './content.ts';
import { invalid, RequestRefusedError } from './errors.ts';
import type { KnownModel } from './models.ts';
import { schemaOf } from './output-schema.ts';
import { callsIn, toolResultsIn } from './tool-blocks.ts';
import { toolsOf } from './tools.ts';
import type { ModelRequest } from './types.ts';
import { validateRequest } from './validate-request.ts';

/** The provider refuses a body above this with 413. */
const MAX_BODY_BYTES = 32 * 1024 * 1024;

export interface KeyRules {
  /** Keys that are accepted; any key unless told. */
  readonly validKeys?: readonly string[];
  readonly invalidKeys?: readonly string[];
}

export const keyOf = (req: IncomingMessage): string =>
  String(req.headers['x-api-key'] ?? req.headers.authorization?.replace(/^Bearer /, '') ?? '');

/** Throws the provider's refusal for a missing or wrong key and a missing version. */
export function checkHeaders(req: IncomingMessage, { validKeys, invalidKeys = [] }: KeyRules): void {
  const key = keyOf(req);
  if (key === '') throw new RequestRefusedError(401, 'authentication_error', 'x-api-key header is required');
  if (invalidKeys.includes(key) || (validKeys && !validKeys.includes(key)))
    throw new RequestRefusedError(401, 'authentication_error', 'invalid x-api-key');
  if (!req.headers['anthropic-version']) throw invalid('anthropic-version: header is required');
}

/** Reads and validates a body; `counting` is for `count_tokens`, which needs no `max_tokens`. */
export async function readRequest(
  req: IncomingMessage,
  id: string,
  models: readonly KnownModel[],
  counting = false,
): Promise<{ request: ModelRequest; prompt: PromptPart[] }> {
  const raw = await readBody(req, MAX_BODY_BYTES);
  if (raw === undefined)
    throw new RequestRefusedError(413, 'request_too_large', 'Request exceeds the maximum allowed number of bytes.');
  const body = parseObject(raw);
  if (!body) throw invalid('The request body is not valid JSON');
  return { prompt: validateRequest(body, models, counting), request: toRequest(id, keyOf(req), body) };
}

function toRequest(id: string, apiKey: string, body: Record<string, unknown>): ModelRequest {
  const messages = body['messages'] as { role: string; content: unknown }[];
  const turns = messages.map(({ role, content }) => ({ role, text: textOf(content), calls: callsIn(content) }));
  const schema = schemaOf(body);
  return {
    id,
    at: new Date().toISOString(),
    apiKey,
    model: String(body['model']),
    system: textOf(body['system']),
    userText: turns.findLast(({ role, text }) => role === 'user' && text !== '')?.text ?? '',
    messages: turns,
    maxTokens: Number(body['max_tokens']),
    stream: body['stream'] === true,
    tools: toolsOf(body),
    toolResults: toolResultsIn(messages.slice(-1), messages),
    allToolResults: toolResultsIn(messages),
    ...(schema ? { schema } : {}),
    body,
  };
}
