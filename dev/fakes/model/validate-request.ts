import { isRecord } from '../http-server.ts';
import { toParts, type PromptPart } from './content.ts';
import { invalid, RequestRefusedError } from './errors.ts';
import type { KnownModel } from './models.ts';
import { checkOutputSchema } from './output-schema.ts';
import { checkToolBlocks } from './tool-blocks.ts';
import { checkTools } from './tools.ts';

const FIELDS = new Set(
  `max_tokens messages model cache_control container diagnostics inference_geo metadata output_config service_tier speed
  stop_sequences stream system thinking tool_choice tools user_profile_id workspace_id temperature top_k top_p`.split(
    /\s+/,
  ),
);

/** Checks a body as the provider does and returns the prompt in render order: tools, system, messages. */
export function validateRequest(
  body: Record<string, unknown>,
  models: readonly KnownModel[],
  counting: boolean,
): PromptPart[] {
  for (const name of Object.keys(body)) if (!FIELDS.has(name)) throw invalid(`${name}: Extra inputs are not permitted`);
  const model = findModel(body['model'], models);
  if (!counting) checkMaxTokens(body['max_tokens'], model);
  checkSampling(body);
  checkThinking(body['thinking'], body['max_tokens']);
  checkOutputSchema(body['output_config']);
  const tools = checkTools(body);
  const system = body['system'] === undefined ? [] : toParts(body['system'], 'system');
  const parts = [...tools, ...system, ...checkMessages(body['messages'], tools.length > 0)];
  const marks = parts.filter(({ ttl }) => ttl !== undefined).length;
  if (marks > MAX_MARKS)
    throw invalid(`A maximum of ${MAX_MARKS} blocks with cache_control may be provided. Found ${marks}.`);
  return parts;
}

const MAX_MARKS = 4;

function findModel(name: unknown, models: readonly KnownModel[]): KnownModel {
  if (name === undefined) throw invalid('model: Field required');
  if (typeof name !== 'string') throw invalid('model: Input should be a valid string');
  const model = models.find(({ id }) => id === name);
  if (!model) throw new RequestRefusedError(404, 'not_found_error', `model: ${name}`);
  return model;
}

function checkMaxTokens(given: unknown, model: KnownModel): void {
  if (given === undefined) throw invalid('max_tokens: Field required');
  if (!Number.isInteger(given)) throw invalid('max_tokens: Input should be a valid integer');
  const maxTokens = given as number;
  if (maxTokens < 1) throw invalid('max_tokens: must be greater than or equal to 1');
  if (maxTokens > model.max_tokens)
    throw invalid(
      `max_tokens: ${maxTokens} > ${model.max_tokens}, which is the maximum allowed number of output tokens for ${model.id}`,
    );
}

function checkSampling(body: Record<string, unknown>): void {
  for (const name of ['temperature', 'top_p']) {
    const value = body[name];
    if (value !== undefined && (typeof value !== 'number' || value < 0 || value > 1))
      throw invalid(`${name}: range: 0..1`);
  }
  if (body['stream'] !== undefined && typeof body['stream'] !== 'boolean')
    throw invalid('stream: Input should be a valid boolean');
}

function checkThinking(thinking: unknown, maxTokens: unknown): void {
  if (thinking === undefined || thinking === null) return;
  if (!isRecord(thinking)) throw invalid('thinking: Input should be a valid dictionary');
  const type = thinking['type'];
  if (type !== 'enabled' && type !== 'disabled' && type !== 'adaptive')
    throw invalid("thinking.type: Input should be 'adaptive', 'disabled' or 'enabled'");
  if (type !== 'enabled') return;
  const budget = thinking['budget_tokens'];
  if (typeof budget !== 'number') throw invalid('thinking.enabled.budget_tokens: Field required');
  if (budget < 1024) throw invalid('thinking.enabled.budget_tokens: Input should be greater than or equal to 1024');
  if (typeof maxTokens === 'number' && budget >= maxTokens)
    throw invalid('`max_tokens` must be greater than `thinking.budget_tokens`.');
}

function checkMessages(messages: unknown, hasTools: boolean): PromptPart[] {
  if (messages === undefined) throw invalid('messages: Field required');
  if (!Array.isArray(messages)) throw invalid('messages: Input should be a valid list');
  if (messages.length === 0) throw invalid('messages: at least one message is required');
  const roles: unknown[] = [];
  const parts = messages.flatMap((message: unknown, index) => {
    if (!isRecord(message)) throw invalid(`messages.${index}: Input should be a valid dictionary`);
    if (!['user', 'assistant', 'system'].includes(String(message['role'])))
      throw invalid(`messages: Unexpected role "${String(message['role'])}". Allowed roles are "user" or "assistant".`);
    roles.push(message['role']);
    if (message['content'] === undefined) throw invalid(`messages.${index}.content: Field required`);
    if (message['content'] === '' || (Array.isArray(message['content']) && message['content'].length === 0))
      throw invalid(`messages.${index}: user messages must have non-empty content`);
    return toParts(message['content'], `messages.${index}.content`);
  });
  checkToolBlocks(messages, hasTools);
  if (roles[0] !== 'user') throw invalid('messages: first message must use the "user" role');
  if (roles.at(-1) === 'assistant')
    throw invalid(
      'This model does not support assistant message prefill. The conversation must end with a user message.',
    );
  return parts;
}
