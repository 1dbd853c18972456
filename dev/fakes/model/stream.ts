import type { ServerResponse } from 'node:http';
import { blockEvents, blockOnWire, type AnswerBlock, type StreamEvent } from './blocks.ts';
import { errorBody } from './errors.ts';
import type { Midway, ModelError, ModelUsage } from './types.ts';

/** A finished answer, ready to be written as JSON or as a stream. */
export interface GeneratedMessage {
  readonly id: string;
  readonly requestId: string;
  readonly model: string;
  readonly blocks: readonly AnswerBlock[];
  readonly stopReason: string;
  readonly usage: ModelUsage;
}

const usageOnWire = (usage: ModelUsage) => ({
  ...usage,
  inference_geo: null,
  output_tokens_details: null,
  server_tool_use: null,
  service_tier: 'standard',
  speed: null,
});

/** The `message` object of the Messages API. */
const toWire = (message: GeneratedMessage) => ({
  id: message.id,
  type: 'message',
  role: 'assistant',
  model: message.model,
  content: message.blocks.map(blockOnWire),
  container: null,
  diagnostics: null,
  stop_reason: message.stopReason,
  stop_details: null,
  stop_sequence: null,
  usage: usageOnWire(message.usage),
});

/** The events of a streamed answer, in the provider's order. */
function toEvents(message: GeneratedMessage): StreamEvent[] {
  const { input_tokens, cache_creation_input_tokens, cache_read_input_tokens, output_tokens } = message.usage;
  const start = {
    ...toWire(message),
    content: [],
    stop_reason: null,
    usage: usageOnWire({ ...message.usage, output_tokens: 1 }),
  };
  return [
    { type: 'message_start', message: start },
    ...message.blocks.flatMap(blockEvents),
    {
      type: 'message_delta',
      delta: { stop_reason: message.stopReason, stop_sequence: null, stop_details: null, container: null },
      usage: {
        input_tokens,
        cache_creation_input_tokens,
        cache_read_input_tokens,
        output_tokens,
        output_tokens_details: null,
        server_tool_use: null,
      },
    },
    { type: 'message_stop' },
  ];
}

const toFrame = (event: StreamEvent): string => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
const OVERLOADED: ModelError = { status: 529, type: 'overloaded_error', message: 'Overloaded' };

/** Begins a stream that has nothing but an error. */
export function writeErrorFrame(res: ServerResponse, requestId: string, error: ModelError): void {
  res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'request-id': requestId });
  res.end(toFrame(errorBody(requestId, error)));
}

/** Writes an answer; with `midway` only half of it, after which the connection stays silent or is cut. */
export function writeMessage(res: ServerResponse, message: GeneratedMessage, stream: boolean, midway?: Midway): void {
  const body = stream ? toEvents(message).map(toFrame) : Array.from(JSON.stringify(toWire(message)));
  const sent = midway ? body.slice(0, Math.ceil(body.length / 2)) : body;
  res.writeHead(200, {
    'content-type': stream ? 'text/event-stream; charset=utf-8' : 'application/json',
    'request-id': message.requestId,
    'cache-control': 'no-cache',
  });
  if (!midway) res.end(sent.join(''));
  else if (midway === 'overloaded') res.end(`${sent.join('')}${toFrame(errorBody(message.requestId, OVERLOADED))}`);
  else res.write(sent.join(''), () => midway === 'disconnect' && res.destroy());
}
