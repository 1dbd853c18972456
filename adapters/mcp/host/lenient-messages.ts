import { isRecord, parseExactly } from '../../../contracts/json.ts';
import { cleanText } from '../../../contracts/clean-text.ts';

/** What came instead of an answer: a page, or text. */
export class NotMcpError extends Error {
  override readonly name = 'NotMcpError';
  readonly contentType: string;
  constructor(contentType: string) {
    super(`The answer is ${contentType}.`);
    this.contentType = contentType;
  }
}

type Message = Record<string, unknown>;

/** Whose answer is read. */
interface Asked {
  readonly id: unknown;
  readonly method: string;
}

/**
 * Puts what servers say into the words that the SDK takes, before it sees them: one field that is null where it should
 * be absent, an error without a code or a JSON answer called text would otherwise hide an answer, or a whole server.
 * Whole numbers that JavaScript would round become text of their digits.
 */
export const withLenientMessages =
  (fetch: typeof globalThis.fetch): typeof globalThis.fetch =>
  async (input, init) => {
    const asked = init?.method === 'POST' && typeof init.body === 'string' ? askedIn(init.body) : undefined;
    const response = await fetch(input, init);
    if (!response.ok || !response.body || response.status === 202) return response;
    const contentType = response.headers.get('content-type') ?? '';
    const { status, headers } = response;
    if (/^text\/event-stream/i.test(contentType))
      return new Response(response.body.pipeThrough(mendingEvents(asked)), { status, headers });
    if (!asked) return response;
    const text = await response.text();
    const mended = mendedText(text, asked);
    if (mended === undefined && /json/i.test(contentType)) return new Response(text, { status, headers });
    if (mended === undefined) throw new NotMcpError(cleanText(contentType || 'of no known kind', 100));
    const types = new Headers(headers);
    types.set('content-type', 'application/json');
    return new Response(mended, { status, headers: types });
  };

function askedIn(body: string): Asked | undefined {
  const message: unknown = JSON.parse(body);
  return isRecord(message) && 'id' in message && typeof message['method'] === 'string'
    ? { id: message['id'], method: message['method'] }
    : undefined;
}

/** Undefined for what is no JSON of messages. */
function mendedText(text: string, asked: Asked | undefined): string | undefined {
  try {
    const parsed = parseExactly(text);
    if (Array.isArray(parsed)) return JSON.stringify(parsed.map((one) => mendMessage(one, asked)));
    return isRecord(parsed) ? JSON.stringify(mendMessage(parsed, asked)) : undefined;
  } catch {
    return undefined;
  }
}

/** The data of each event is mended once it is whole; everything else passes at once. */
function mendingEvents(asked: Asked | undefined): TransformStream<Uint8Array, Uint8Array> {
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  // Looked through once: whoever sends one endless line in small pieces must not have it read anew with each.
  let rest: string[] = [];
  let data: string[] = [];
  const flushData = (): string => {
    if (data.length === 0) return '';
    const text = data.join('\n');
    data = [];
    return `data: ${(mendedText(text, asked) ?? text).replaceAll('\n', '\ndata: ')}\n`;
  };
  return new TransformStream({
    transform(chunk, controller) {
      const pieces = decoder.decode(chunk, { stream: true }).split('\n');
      rest.push(pieces.shift() ?? '');
      if (pieces.length === 0) return;
      const lines = [rest.join(''), ...pieces.slice(0, -1)].map((line) => line.replace(/\r$/, ''));
      rest = pieces.slice(-1);
      const out = lines.map((line) => {
        if (line === '') return `${flushData()}\n`;
        const field = /^data(?:: ?|$)(.*)$/s.exec(line);
        if (!field) return `${line}\n`;
        data.push(field[1] ?? '');
        return '';
      });
      const said = out.join('');
      if (said !== '') controller.enqueue(encoder.encode(said));
    },
    flush(controller) {
      // A stream that ends in the middle of an event has not said it.
      const left = rest.join('');
      if (left !== '') controller.enqueue(encoder.encode(left));
    },
  });
}

function mendMessage(message: unknown, asked: Asked | undefined): unknown {
  if (!isRecord(message)) return message;
  const { error, result, params, id, ...more } = message;
  const envelope: Message = { ...more, jsonrpc: '2.0' };
  if (typeof more['method'] === 'string')
    return { ...envelope, ...present({ id }), ...(isRecord(params) && { params: mendParams(params) }) };
  // An error of no request is an error of the only one that was made.
  const answers = { ...envelope, id: id ?? asked?.id };
  if (error !== null && error !== undefined) return { ...answers, error: mendError(error) };
  return 'result' in message || 'error' in message
    ? { ...answers, result: mendResult(result, asked?.method) }
    : message;
}

/** Progress that is told as a word is a sign of life all the same. */
function mendParams({ progress, ...more }: Message): Message {
  const number = Number(progress);
  return { ...present(more), ...(progress !== undefined && { progress: Number.isFinite(number) ? number : 0 }) };
}

const INTERNAL_ERROR = -32603;

function mendError(error: unknown): Message {
  if (!isRecord(error))
    return { code: INTERNAL_ERROR, message: typeof error === 'string' ? error : JSON.stringify(error) };
  const { code, message, ...more } = error;
  const number = Number(code ?? Number.NaN);
  return {
    ...present(more),
    code: Number.isInteger(number) ? number : INTERNAL_ERROR,
    message: typeof message === 'string' ? message : JSON.stringify(message ?? 'no reason given'),
  };
}

function mendResult(result: unknown, method: string | undefined): Message {
  if (!isRecord(result)) return result === null || result === undefined ? {} : toContent(result);
  const { _meta: _, ...said } = result;
  if (method !== 'initialize') return present(said);
  const mended = presentDeep(said) as Message;
  if (typeof mended['protocolVersion'] !== 'string') return mended;
  const server = isRecord(mended['serverInfo']) ? mended['serverInfo'] : {};
  return {
    ...mended,
    capabilities: isRecord(mended['capabilities']) ? mended['capabilities'] : {},
    serverInfo: { ...server, name: word(server['name']), version: word(server['version']) },
  };
}

const word = (given: unknown): string => (typeof given === 'string' ? given : JSON.stringify(given ?? 'unknown'));

/** An answer that is a plain value is the tool's words. */
const toContent = (value: unknown): Message => ({
  content: [{ type: 'text', text: typeof value === 'string' ? value : JSON.stringify(value) }],
});

const present = (given: Message): Message =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null && value !== undefined));

function presentDeep(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(presentDeep);
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(present(value)).map(([name, one]) => [name, presentDeep(one)]));
}
