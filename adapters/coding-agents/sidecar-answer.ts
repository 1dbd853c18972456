import { z } from 'zod';
import { ToolCallError } from '../../domain/tools/tool-ports.ts';
import { readLines } from './read-lines.ts';

/** Bytes of one answer, with all its log lines. */
const MAX_BYTES = 8 * 1024 * 1024;
const RAW_CHARS = 300;

const Count = z.number().nonnegative().optional().catch(undefined);

/** The bridge's answer. `duration` is in ms, `cost` in dollars. */
const Answer = z.looseObject({
  output: z.string(),
  status: z.enum(['success', 'failed']),
  metadata: z
    .looseObject({
      model: z.string().optional().catch(undefined),
      duration: Count,
      inputTokens: Count,
      outputTokens: Count,
      cost: Count,
      error: z.string().optional().catch(undefined),
    })
    .catch({}),
});
type SidecarAnswer = z.infer<typeof Answer>;

const LogLine = z.looseObject({
  message: z.string().optional(),
  line: z.string().optional(),
  text: z.string().optional(),
});

interface SidecarBody {
  /** Undefined when what came is no answer of a sidecar. */
  readonly answer: SidecarAnswer | undefined;
  /** How what came began. */
  readonly raw: string;
}

/** An answer that is too long to be read. */
export class TooLongError extends Error {
  override readonly name = 'TooLongError';
}

/**
 * Reads the body of an answer: one JSON object, or a stream (`text/event-stream` or NDJSON) of log lines that ends with
 * that object. @throws TooLongError, and what the connection throws.
 */
export async function readSidecarBody(
  body: AsyncIterable<Buffer>,
  contentType: string,
  onLog: (lines: readonly string[]) => void,
): Promise<SidecarBody> {
  const isStream = /^(text\/event-stream|application\/(x-)?(ndjson|jsonl|json-lines|json-seq))\b/i;
  return isStream.test(contentType) ? readStream(body, onLog) : readWhole(body);
}

async function readWhole(body: AsyncIterable<Buffer>): Promise<SidecarBody> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new TooLongError(`The answer has more than ${MAX_BYTES} bytes.`);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  return { answer: Answer.safeParse(parseJson(text)).data, raw: text.slice(0, RAW_CHARS) };
}

async function readStream(
  body: AsyncIterable<Buffer>,
  onLog: (lines: readonly string[]) => void,
): Promise<SidecarBody> {
  let answer: SidecarAnswer | undefined;
  let raw = '';
  const onLine = (line: string) => {
    // Of an event stream only the data count: comments, ids and names of events say nothing more.
    const text = line.replace(/^data:\s?/, '').trim();
    if (text === '' || /^(:|(event|id|retry):)/.test(line)) return;
    raw = (raw + text).slice(0, RAW_CHARS);
    const value = parseJson(text);
    const found = Answer.safeParse(value).data;
    if (found) answer = found;
    else onLog([toLogLine(value) ?? text]);
  };
  await readLines(body, onLine, (bytes) => {
    if (bytes > MAX_BYTES) throw new TooLongError(`The answer has more than ${MAX_BYTES} bytes.`);
  });
  return { answer, raw };
}

function toLogLine(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  const { message, line, text } = LogLine.safeParse(value).data ?? {};
  return message ?? line ?? text;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What one try came to. */
export type SidecarTry =
  | { readonly kind: 'answered'; readonly status: number; readonly retryAfterMs?: number; readonly body: SidecarBody }
  | { readonly kind: 'not_sent' | 'lost' | 'too_long'; readonly detail: string };

/** Why there is no answer, and whether the task may have been worked on. */
export function toCallError(outcome: SidecarTry, timeoutMs: number, late: boolean): ToolCallError {
  if (outcome.kind === 'answered') return refusalError(outcome);
  if (outcome.kind === 'not_sent')
    return new ToolCallError(
      'unavailable',
      `The OpenCode sidecar could not be reached (${outcome.detail}). Nothing was sent.`,
    );
  if (outcome.kind === 'too_long') return new ToolCallError('unknown', `The OpenCode sidecar: ${outcome.detail}`);
  const how = late
    ? `did not answer within ${Math.round(timeoutMs / 1_000)} s`
    : `lost the connection (${outcome.detail})`;
  return new ToolCallError('unknown', `The OpenCode sidecar ${how}; the task may have been done.`);
}

function refusalError({ status, retryAfterMs }: Extract<SidecarTry, { kind: 'answered' }>): ToolCallError {
  if (status === 429)
    return new ToolCallError('rate_limited', 'The OpenCode sidecar has too much to do; try again later.', {
      retryAfterMs,
    });
  if (status === 503)
    return new ToolCallError('unavailable', 'The OpenCode sidecar is not available (503). The task was not taken.', {
      retryAfterMs,
    });
  return new ToolCallError('unknown', `The OpenCode sidecar answered ${status}; the task may have been done.`);
}
