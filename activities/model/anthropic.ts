import Anthropic from '@anthropic-ai/sdk';
import { ApplicationFailure } from '@temporalio/common';
import { FAILURE } from '../../contracts/failures.ts';
import { storableText } from '../../contracts/storable-text.ts';
import { ModelCallError, type ModelAnswer, type ModelPort, type ModelRequest } from './model-port.ts';
import { toModelCallError } from './failures.ts';

export interface AnthropicSettings {
  readonly apiKey: string | undefined;
  readonly baseUrl: string | undefined;
  readonly timeoutMs: number;
}

/**
 * Claude over the Messages API, or whatever speaks it at `baseUrl`. Temporal retries, so the SDK does not; its own
 * timeout does not cover a body that stalls midway, so one signal bounds the whole call.
 */
export function createAnthropicModel({ apiKey, baseUrl, timeoutMs }: AnthropicSettings): ModelPort {
  const client = new Anthropic({
    apiKey: apiKey ?? 'not-set',
    baseURL: baseUrl,
    maxRetries: 0,
    timeout: timeoutMs,
    logLevel: 'off',
  });
  return {
    async answer(request, signal) {
      const bounded = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      try {
        const message = await client.messages.create(toWire(request), {
          signal: bounded,
          headers: { 'idempotency-key': request.turnKey },
        });
        return fromWire(message);
      } catch (error) {
        throw toModelCallError(error, signal.aborted);
      }
    },
  };
}

const isMessage = (given: unknown): boolean =>
  typeof given === 'object' &&
  given !== null &&
  'content' in given &&
  Array.isArray(given.content) &&
  'usage' in given &&
  typeof given.usage === 'object' &&
  given.usage !== null;

const toWire = (request: ModelRequest): Anthropic.MessageCreateParamsNonStreaming => ({
  model: request.model,
  max_tokens: request.maxTokens,
  system: request.system,
  messages: request.messages.map(({ role, content }) => ({ role, content })),
  ...(request.schema && { output_config: { format: { type: 'json_schema', schema: request.schema } } }),
});

function fromWire(message: Anthropic.Message): ModelAnswer {
  // A gateway can answer 200 with something else; whether it billed for it nobody knows.
  if (!isMessage(message))
    throw new ModelCallError(
      ApplicationFailure.create({ type: FAILURE.modelUnavailable, message: 'The model answered with no message.' }),
      false,
    );
  const { usage } = message;
  const cacheWrites = usage.cache_creation_input_tokens ?? 0;
  const longWrites = usage.cache_creation?.ephemeral_1h_input_tokens ?? 0;
  return {
    text: storableText(message.content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('\n')),
    stopReason: message.stop_reason,
    tokens: {
      input: usage.input_tokens,
      output: usage.output_tokens,
      cacheWrite5m: Math.max(0, cacheWrites - longWrites),
      cacheWrite1h: longWrites,
      cacheRead: usage.cache_read_input_tokens ?? 0,
    },
  };
}
