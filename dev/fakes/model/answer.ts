import type { ServerResponse } from 'node:http';
import { randomUUID } from 'node:crypto';
import type { Journal } from '../journal.ts';
import { sendError } from './errors.ts';
import type { Gate } from './gate.ts';
import { writeErrorFrame, writeMessage, type GeneratedMessage } from './stream.ts';
import type { ModelLogLine, ModelRequest, ModelUsage, Reply, Words } from './types.ts';
import { countTokens, cutToTokens } from './usage.ts';

export interface Exchange {
  readonly request: ModelRequest;
  readonly res: ServerResponse;
  readonly startedAt: number;
  /** Streams when asked to; a simple gateway answers whole whatever is asked. */
  readonly streams: boolean;
  /** Measured when the answer is generated, so that the prompt cache fills in that order. */
  readonly measureInput: () => Omit<ModelUsage, 'output_tokens'>;
}

/** The part of a log line that every outcome of a request shares. */
export const describeRequest = (request: ModelRequest, startedAt: number) => ({
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
  const { text, stopReason, usage } = message;
  log({ outcome: reply.midway ? 'cut' : 'answered', status: 200, answer: text, stopReason, usage });
  writeMessage(res, message, request.stream && exchange.streams, reply.midway);
}

function generate({ request, measureInput }: Exchange, reply: Words) {
  const whole = 'json' in reply ? JSON.stringify(reply.json) : reply.text;
  const { text, cut } = cutToTokens(whole, request.maxTokens);
  const message: GeneratedMessage = {
    id: `msg_${randomUUID().replaceAll('-', '').slice(0, 24)}`,
    requestId: request.id,
    model: request.model,
    text,
    stopReason: cut ? 'max_tokens' : (reply.stopReason ?? 'end_turn'),
    usage: { ...measureInput(), output_tokens: Math.max(1, countTokens(text)) },
  };
  return message;
}
