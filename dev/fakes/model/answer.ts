import type { ServerResponse } from 'node:http';
import { randomUUID } from 'node:crypto';
import type { Journal } from '../journal.ts';
import { blockOnWire, cutBlocks, toBlocks } from './blocks.ts';
import { sendError } from './errors.ts';
import type { Gate } from './gate.ts';
import { writeErrorFrame, writeMessage, type GeneratedMessage } from './stream.ts';
import type { ModelLogLine, ModelRequest, ModelUsage, Reply, WantedCall, Words } from './types.ts';

interface Exchange {
  readonly request: ModelRequest;
  readonly res: ServerResponse;
  readonly startedAt: number;
  /** Streams when asked to; a simple gateway answers whole whatever is asked. */
  readonly streams: boolean;
  /** Measured when the answer is generated, so that the prompt cache fills in that order. */
  readonly measureInput: () => Omit<ModelUsage, 'output_tokens'>;
}

/** The part of a log line that every outcome of a request shares. */
const describeRequest = (request: ModelRequest, startedAt: number) => ({
  at: request.at,
  requestId: request.id,
  path: '/v1/messages',
  ms: Date.now() - startedAt,
  key: request.apiKey.slice(-4),
  model: request.model,
  stream: request.stream,
  structured: request.schema !== undefined,
  system: request.system,
  userText: request.userText,
  ...(request.tools.length > 0 && { tools: request.tools.length }),
  ...(request.allToolResults.length > 0 && { results: request.allToolResults.length }),
});

/** Carries out a reply. The log line is on file before the first byte of the answer leaves. */
export async function answer(
  exchange: Exchange,
  reply: Reply,
  gate: Gate,
  journal: Journal<ModelLogLine>,
): Promise<void> {
  const { request, res, startedAt } = exchange;
  const log = (line: Pick<ModelLogLine, 'outcome' | 'status'> & Partial<ModelLogLine>) =>
    journal.append({ ...describeRequest(request, startedAt), ...line });
  if ((await gate.pass(res, reply.delayMs ?? 0)) === 'gone') return log({ outcome: 'client_gone', status: 0 });
  if ('hang' in reply) return log({ outcome: 'hung', status: 0 });
  if ('disconnect' in reply) {
    log({ outcome: 'disconnected', status: 0 });
    return void res.destroy();
  }
  if ('error' in reply) {
    const inStream = reply.inStream && request.stream;
    log({ outcome: 'error', status: inStream ? 200 : reply.error.status, error: reply.error });
    return inStream ? writeErrorFrame(res, request.id, reply.error) : sendError(res, request.id, reply.error);
  }
  const message = generate(exchange, reply);
  log({ outcome: reply.midway ? 'cut' : 'answered', status: 200, ...describeMessage(message) });
  writeMessage(res, message, request.stream && exchange.streams, reply.midway);
}

function generate({ request, measureInput }: Exchange, reply: Words): GeneratedMessage {
  const { blocks, tokens, cut } = cutBlocks(toBlocks(reply), request.maxTokens);
  const ended = 'calls' in reply && reply.calls.length > 0 ? 'tool_use' : 'end_turn';
  return {
    id: `msg_${randomUUID().replaceAll('-', '').slice(0, 24)}`,
    requestId: request.id,
    model: request.model,
    blocks,
    stopReason: cut ? 'max_tokens' : (reply.stopReason ?? ended),
    usage: { ...measureInput(), output_tokens: tokens },
  };
}

function describeMessage({ blocks, stopReason, usage }: GeneratedMessage): Partial<ModelLogLine> {
  const calls = blocks.filter(({ type }) => type === 'tool_use').map(blockOnWire) as unknown as Required<WantedCall>[];
  return {
    answer: blocks.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('\n'),
    ...(calls.length > 0 && { calls: calls.map(({ id, name, input }) => ({ id, name, input })) }),
    stopReason,
    usage,
  };
}
