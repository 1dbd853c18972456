import { isRecord, storableJson, storableText } from '../../contracts/json.ts';
import Anthropic, { APIError } from '@anthropic-ai/sdk';
import { FAILURE, FailureError } from '../../contracts/failures.ts';
import {
  type AnswerEnd,
  endOf,
  ModelCallError,
  type ModelAnswer,
  type ModelBlock,
  type ModelMessage,
  type ModelPort,
  type ModelRequest,
  type ReportedTokens,
  type WantedCall,
} from '../../domain/models/model-port.ts';
import { toModelCallError } from './failures.ts';
import { markKept } from './prompt-cache.ts';
import { readAnswer, type Progress, type WireBlock, type WireMessage, type WireUsage } from './read-answer.ts';

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
  /** The provider takes marks of what it shall keep. */
  let keeps = true;
  return {
    async answer(request, apiKey, signal) {
      const silence = new AbortController();
      let timer: NodeJS.Timeout | undefined;
      const progress: Progress = {
        begun: false,
        onFrame: () => void (timer = timer?.refresh() ?? setTimeout(() => silence.abort(), MAX_SILENCE_MS)),
      };
      try {
        const options = {
          signal: AbortSignal.any([signal, silence.signal, AbortSignal.timeout(timeoutMs)]),
          headers: { 'x-api-key': apiKey, 'idempotency-key': request.turnKey },
        };
        const send = (asked: ModelRequest) => client.messages.create(toWire(asked, keeps), options).asResponse();
        const response = await send(request)
          .catch((error: unknown) => {
            if (!isAbout(/\bcache_control\b/i, error)) throw error;
            // Whoever else speaks the API need not know of it. A refusal is free.
            keeps = false;
            return send(request);
          })
          .catch((error: unknown) => {
            if (!isAbout(/\bimages?\b/i, error)) throw error;
            // A picture of a tool that the provider cannot read must not cost the whole answer.
            return send({ ...request, messages: request.messages.map(withoutImages) });
          });
        return fromWire(await readAnswer(response, progress));
      } catch (error) {
        throw toModelCallError(error, { cancelled: signal.aborted, begun: progress.begun, secret: apiKey });
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

const isAbout = (what: RegExp, error: unknown): boolean =>
  error instanceof APIError && error.status === 400 && what.test(error.message);

/** With words where pictures were. */
const withoutImages = (message: ModelMessage): ModelMessage =>
  typeof message.content === 'string' ? message : { ...message, content: message.content.map(withoutImage) };

function withoutImage(block: ModelBlock): ModelBlock {
  if (block.type === 'image') return { type: 'text', text: '[an image that could not be read]' };
  const { content } = block;
  return Array.isArray(content) ? { ...block, content: content.map((one) => withoutImage(one as ModelBlock)) } : block;
}

const isMessage = (given: unknown): given is WireMessage =>
  typeof given === 'object' && given !== null && 'content' in given && Array.isArray(given.content);

const toWire = (request: ModelRequest, keeps: boolean): Anthropic.MessageCreateParamsStreaming => ({
  model: request.model,
  max_tokens: request.maxTokens,
  ...(keeps ? markKept(toPrompt(request), request) : toPrompt(request)),
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

/** Blocks are what the provider has said itself, and results in its own words. */
const toPrompt = ({ system, messages }: ModelRequest) => ({
  system,
  messages: messages.map(({ role, content }) => ({ role, content: sendable(content) }) as Anthropic.MessageParam),
});

/** The provider refuses a block of text that is empty or blank, also one that it has said itself beside a call. */
const sendable = (content: ModelRequest['messages'][number]['content']): typeof content =>
  typeof content === 'string'
    ? content
    : content.filter(({ type, text }) => type !== 'text' || (typeof text === 'string' && text.trim() !== ''));

function fromWire(given: unknown): ModelAnswer {
  // A gateway can answer 200 with something else; whether it billed for it nobody knows.
  if (!isMessage(given))
    throw new ModelCallError(
      FailureError.create({ type: FAILURE.modelUnavailable, message: 'The model answered with no message.' }),
      false,
    );
  const message = {
    ...given,
    content: given.content.filter((block) => isRecord(block) && typeof block.type === 'string'),
  };
  const blocks = withDistinctIds(wholeBlocks(message));
  const calls = blocks.filter(isCall);
  const lacksCall = message.content.filter(({ type }) => type === 'tool_use').length > calls.length;
  const stopReason = typeof message.stop_reason === 'string' ? message.stop_reason : null;
  const end = endOf(stopReason);
  return {
    blocks: calls.length > 0 || end === 'paused' ? (storableJson(blocks) as ModelBlock[]) : [],
    calls: calls.map(({ id, name, input }) => ({ id, name, input: storableJson(input) as WantedCall['input'] })),
    text: storableText(
      message.content
        .flatMap(({ type, text }) => (type === 'text' && typeof text === 'string' ? [text] : []))
        .join('\n'),
    ),
    // Half a call is no end, whatever is said of it.
    stopReason: lacksCall && end === 'whole' ? 'max_tokens' : stopReason,
    tokens: toReportedTokens(message),
  };
}

/** No call has as many; what is beyond is no count. */
const MAX_TOKENS = 100_000_000;

const countOf = (given: unknown): number | null =>
  typeof given === 'number' && Number.isFinite(given) && given >= 0 ? Math.min(MAX_TOKENS, Math.ceil(given)) : null;

/** What is billed as far as it is said: a prompt without a token cannot be, nor words that took none. */
function toReportedTokens({ usage, content }: WireMessage): ReportedTokens {
  const given: WireUsage = isRecord(usage) ? usage : {};
  const fiveMinutes = countOf(given.cache_creation?.ephemeral_5m_input_tokens) ?? 0;
  const hour = countOf(given.cache_creation?.ephemeral_1h_input_tokens) ?? 0;
  const writes = Math.max(countOf(given.cache_creation_input_tokens) ?? 0, fiveMinutes + hour);
  const cacheRead = countOf(given.cache_read_input_tokens) ?? 0;
  const input = countOf(given.input_tokens);
  const output = countOf(given.output_tokens);
  return {
    input: (input ?? 0) + writes + cacheRead > 0 ? input : null,
    output: output === 0 && content.length > 0 ? null : output,
    cacheWrite5m: writes - hour,
    cacheWrite1h: hour,
    cacheRead,
  };
}

/** Ends that come in the middle of what is said. */
const CUT_OFF: readonly AnswerEnd[] = ['cut', 'full'];

/** A call that the answer's end has cut off is none, also where the arguments so far, even none at all, would be valid. */
const wholeBlocks = ({ content, stop_reason: end }: WireMessage): WireBlock[] =>
  content.filter((block, index) => {
    const isCutOff = block.type === 'tool_use' && index === content.length - 1 && isCutBy(end ?? null);
    return !isCutOff && isWhole(block);
  });

/** Calls are what an answer that wants tools ends with, so the last one is whole there. */
const isCutBy = (end: string | null): boolean =>
  end !== 'tool_use' && end !== 'tool_calls' && CUT_OFF.includes(endOf(end));

const isWhole = ({ type, id, name, input }: WireBlock): boolean =>
  type !== 'tool_use' || (typeof id === 'string' && typeof name === 'string' && isRecord(input));

/** The provider refuses results of calls whose names are none, or the same; a result names its call by them. */
function withDistinctIds(blocks: readonly WireBlock[]): ModelBlock[] {
  const seen = new Set<unknown>();
  return blocks.map((block, index) => {
    if (block.type !== 'tool_use') return { ...block };
    const isUsable = /^[A-Za-z0-9_-]{1,64}$/.test(block.id ?? '') && !seen.has(block.id);
    const id = isUsable ? block.id : `call_${index}`;
    seen.add(id);
    return { ...block, id };
  });
}

const isCall = (block: ModelBlock): block is ModelBlock & WantedCall => block.type === 'tool_use';
