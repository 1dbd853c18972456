import { isRecord, storableJson, storableText } from '../../contracts/json.ts';
import Anthropic from '@anthropic-ai/sdk';
import { FAILURE, FailureError } from '../../contracts/failures.ts';
import {
  ModelCallError,
  type ModelAnswer,
  type ModelBlock,
  type ModelPort,
  type ModelRequest,
  type WantedCall,
} from '../../domain/models/model-port.ts';
import { toModelCallError } from './failures.ts';
import { readAnswer, type Progress, type WireBlock, type WireMessage } from './read-answer.ts';

interface AnthropicSettings {
  readonly baseUrl: string | undefined;
  readonly timeoutMs: number;
}

/** A stream says `ping` every few seconds, whatever the model is thinking about. */
const MAX_SILENCE_MS = 90_000;

/**
 * Claude over the Messages API, or whatever speaks it at `baseUrl`. Answers are streamed, so that a stalled one is
 * noticed and an overloaded provider can say so midway. Temporal retries, so the SDK does not; its own timeout ends with
 * the headers, so one signal bounds the whole call.
 */
export function createAnthropicModel({ baseUrl, timeoutMs }: AnthropicSettings): ModelPort {
  const client = new Anthropic({
    apiKey: 'chosen-by-call',
    baseURL: baseUrl,
    maxRetries: 0,
    timeout: timeoutMs,
    logLevel: 'off',
  });
  return {
    async answer(request, apiKey, signal) {
      const silence = new AbortController();
      let timer: NodeJS.Timeout | undefined;
      const progress: Progress = {
        begun: false,
        onFrame: () => void (timer = timer?.refresh() ?? setTimeout(() => silence.abort(), MAX_SILENCE_MS)),
      };
      try {
        const response = await client.messages
          .create(toWire(request), {
            signal: AbortSignal.any([signal, silence.signal, AbortSignal.timeout(timeoutMs)]),
            headers: { 'x-api-key': apiKey, 'idempotency-key': request.turnKey },
          })
          .asResponse();
        return fromWire(await readAnswer(response, progress));
      } catch (error) {
        throw toModelCallError(error, { cancelled: signal.aborted, begun: progress.begun, secret: apiKey });
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

const isMessage = (given: unknown): given is WireMessage =>
  typeof given === 'object' &&
  given !== null &&
  'content' in given &&
  Array.isArray(given.content) &&
  'usage' in given &&
  typeof given.usage === 'object' &&
  given.usage !== null;

const toWire = (request: ModelRequest): Anthropic.MessageCreateParamsStreaming => ({
  model: request.model,
  max_tokens: request.maxTokens,
  system: request.system,
  // Blocks are what the provider has said itself, and results in its own words.
  messages: request.messages.map(({ role, content }) => ({ role, content }) as Anthropic.MessageParam),
  stream: true,
  ...(request.tools && {
    tools: request.tools.map(({ name, description, inputSchema }) => ({
      name,
      description,
      input_schema: inputSchema as Anthropic.Tool.InputSchema,
    })),
    ...(request.mustAnswer && { tool_choice: { type: 'none' as const } }),
  }),
  ...(request.schema && { output_config: { format: { type: 'json_schema', schema: request.schema } } }),
});

function fromWire(message: unknown): ModelAnswer {
  // A gateway can answer 200 with something else; whether it billed for it nobody knows.
  if (!isMessage(message))
    throw new ModelCallError(
      FailureError.create({ type: FAILURE.modelUnavailable, message: 'The model answered with no message.' }),
      false,
    );
  const { usage } = message;
  const cacheWrites = usage.cache_creation_input_tokens ?? 0;
  const longWrites = usage.cache_creation?.ephemeral_1h_input_tokens ?? 0;
  const blocks: ModelBlock[] = wholeBlocks(message).map((block) => ({ ...block }));
  const calls = blocks.filter(isCall);
  return {
    blocks: calls.length > 0 ? (storableJson(blocks) as ModelBlock[]) : [],
    calls: calls.map(({ id, name, input }) => ({ id, name, input: storableJson(input) as WantedCall['input'] })),
    cutOff: message.content.filter(({ type }) => type === 'tool_use').length > calls.length,
    text: storableText(message.content.flatMap(({ type, text }) => (type === 'text' ? [text ?? ''] : [])).join('\n')),
    stopReason: message.stop_reason,
    tokens: {
      input: usage.input_tokens ?? 0,
      output: usage.output_tokens ?? 0,
      cacheWrite5m: Math.max(0, cacheWrites - longWrites),
      cacheWrite1h: longWrites,
      cacheRead: usage.cache_read_input_tokens ?? 0,
    },
  };
}

/** Ends that come in the middle of what is said. */
const CUT_OFF = ['max_tokens', 'model_context_window_exceeded'];

/** A call that the answer's end has cut off is none, also where the arguments so far, even none at all, would be valid. */
const wholeBlocks = ({ content, stop_reason: end }: WireMessage): WireBlock[] =>
  content.filter((block, index) => {
    const isCutOff = block.type === 'tool_use' && index === content.length - 1 && CUT_OFF.includes(end ?? '');
    return !isCutOff && isWhole(block);
  });

const isWhole = ({ type, id, name, input }: WireBlock): boolean =>
  type !== 'tool_use' || (typeof id === 'string' && typeof name === 'string' && isRecord(input));

const isCall = (block: ModelBlock): block is ModelBlock & WantedCall => block.type === 'tool_use';
