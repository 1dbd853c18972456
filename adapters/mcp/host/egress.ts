import { Agent, fetch as undiciFetch, type RequestInit as UndiciInit } from 'undici';
import { createCheckedLookup, resolveBySystem, type Resolve, checkUrl } from './checked-address.ts';
import { EgressRefusedError } from '../../../domain/connections/connection-ports.ts';
import { refuseWhenLate } from './sending-until.ts';

export interface Egress {
  /** Lets http and addresses of local networks through, for development only: `EGRESS_ALLOW_PRIVATE`. */
  readonly allowPrivate: boolean;
  readonly resolve?: Resolve;
  /** Longest wait for the head of an answer, ms; 30 s unless told. */
  readonly headersTimeoutMs?: number;
  /** Longest silence of an event stream, ms; 300 s unless told. */
  readonly streamIdleMs?: number;
  /** Of an ordinary answer; 10 MiB unless told. Event streams may have five times as much. */
  readonly maxBytes?: number;
  /** Longest silence within an ordinary answer, ms; 30 s unless told. */
  readonly idleMs?: number;
}

const SECOND = 1_000;
const MEBIBYTE = 1024 * 1024;
/** As in undici: a stream that says nothing for so long is taken for dead. */
const STREAM_IDLE_MS = 300 * SECOND;
const STREAM_FACTOR = 5;
const TOTAL_MS = 300 * SECOND;
/** A listening stream lives as long as its session. */
const STREAM_TOTAL_MS = 24 * 3_600 * SECOND;
const CONNECT_TIMEOUT_MS = 10 * SECOND;
const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const NO_BODY = new Set([204, 205, 304]);
/** All that another origin is told; credentials come under many names. */
const SAFE_HEADERS = new Set(['accept', 'accept-language', 'user-agent', 'mcp-protocol-version']);

/**
 * A `fetch` for addresses that tenants name: https to public addresses only, the socket opened to the address that was
 * checked, redirects followed by hand, size and time bounded. Throws `EgressRefusedError` where nothing was sent because it
 * must not be.
 */
export function createGuardedFetch(egress: Egress): typeof fetch {
  const { allowPrivate, resolve = resolveBySystem, headersTimeoutMs = 30 * SECOND } = egress;
  const { maxBytes = 10 * MEBIBYTE, idleMs = 30 * SECOND, streamIdleMs = STREAM_IDLE_MS } = egress;
  const agent = new Agent({
    connect: { lookup: createCheckedLookup(resolve, allowPrivate), timeout: CONNECT_TIMEOUT_MS },
    headersTimeout: headersTimeoutMs,
    bodyTimeout: streamIdleMs,
    maxHeaderSize: 64 * 1024,
  });
  const ask = async (hop: Hop): Promise<Response> => {
    checkUrl(hop.url, allowPrivate);
    refuseWhenLate(hop.method);
    const { body, ...rest } = hop;
    const init: UndiciInit = { ...rest, headers: [...hop.headers], redirect: 'manual', dispatcher: agent };
    const answer = await undiciFetch(hop.url, body ? { ...init, body } : init).catch(throwRefusal);
    const isStream = answer.headers.get('content-type')?.startsWith('text/event-stream') === true;
    const limits = isStream
      ? { maxBytes: STREAM_FACTOR * maxBytes, idleMs: streamIdleMs, totalMs: STREAM_TOTAL_MS }
      : { maxBytes, idleMs, totalMs: TOTAL_MS };
    const stream = answer.body as ReadableStream<Uint8Array> | null;
    const bounded = stream && !NO_BODY.has(answer.status) ? boundedBody(stream, limits) : null;
    return at(hop.url, new Response(bounded, { status: answer.status, headers: [...answer.headers] }));
  };
  return async (input, init) => {
    const { hop, redirect } = await firstHop(input, init);
    return redirect === 'manual' ? ask(hop) : follow(ask, hop, redirect);
  };
}

interface Hop {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  readonly body: ArrayBuffer | undefined;
  readonly signal: AbortSignal;
}

/** What is to be sent, with the body read: it may have to be sent again. */
async function firstHop(input: string | URL | Request, init?: RequestInit) {
  const given = typeof input === 'string' || input instanceof URL ? parseUrl(input) : input;
  if (given instanceof URL && (given.username || given.password))
    throw new EgressRefusedError('An address must not carry a user name or a password.');
  const request = new Request(given, init);
  const body = request.body ? await request.arrayBuffer() : undefined;
  const { method, headers, signal, redirect } = request;
  return { hop: { url: new URL(request.url), method, headers, body, signal }, redirect };
}

function parseUrl(input: string | URL): URL {
  try {
    return new URL(input);
  } catch {
    throw new EgressRefusedError('This is not an address.');
  }
}

async function follow(ask: (hop: Hop) => Promise<Response>, first: Hop, redirect: RequestRedirect): Promise<Response> {
  for (let hop = first, followed = 0; ; followed++) {
    const answer = await ask(hop);
    const location = REDIRECTS.has(answer.status) ? answer.headers.get('location') : null;
    if (location === null) return answer;
    await answer.body?.cancel();
    if (redirect === 'error') throw new EgressRefusedError('The server redirects, and that is not wanted here.');
    if (followed === MAX_REDIRECTS)
      throw new EgressRefusedError(`The server redirects more than ${MAX_REDIRECTS} times.`);
    hop = nextHop(hop, answer.status, location);
  }
}

function nextHop(hop: Hop, status: number, location: string): Hop {
  const url = URL.parse(location, hop.url);
  if (!url) throw new EgressRefusedError('The server redirects to something that is no address.');
  const becomesGet = status === 303 || (status <= 302 && hop.method === 'POST');
  const body = becomesGet ? undefined : hop.body;
  const elsewhere = url.origin !== hop.url.origin;
  if (elsewhere && body)
    throw new EgressRefusedError(`${url.host} must not be sent what was meant for ${hop.url.host}.`);
  const headers = new Headers(
    [...hop.headers].filter(
      ([name]) => (!elsewhere || SAFE_HEADERS.has(name)) && (body !== undefined || !name.startsWith('content-')),
    ),
  );
  return { ...hop, url, headers, body, method: becomesGet && hop.method !== 'HEAD' ? 'GET' : hop.method };
}

/** The checked lookup fails inside of the socket: its words come out as a cause. */
function throwRefusal(error: unknown): never {
  for (let cause = error, depth = 0; cause instanceof Object && depth < 5; depth++) {
    if (cause instanceof EgressRefusedError) throw cause;
    cause = 'cause' in cause ? cause.cause : undefined;
  }
  throw error;
}

/** A response that is made by hand does not know where it came from, and callers compare it. */
const at = (url: URL, response: Response): Response =>
  Object.defineProperty(response, 'url', { value: url.href, enumerable: true });

/** An answer was cut off: it was sent, and what it said is not known. */
class AnswerCutOffError extends Error {
  override readonly name = 'AnswerCutOffError';
}

interface BodyLimits {
  readonly maxBytes: number;
  /** Longest silence between two pieces. */
  readonly idleMs: number;
  /** Longest time for the whole. */
  readonly totalMs: number;
}

/** Passes a body on until it is too long (after decompression) or falls silent; then both ends fail. */
function boundedBody(
  body: ReadableStream<Uint8Array>,
  { maxBytes, idleMs, totalMs }: BodyLimits,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  const end = Date.now() + totalMs;
  let bytes = 0;
  const fail = (message: string): never => {
    const error = new AnswerCutOffError(message);
    reader.cancel(error).catch(() => undefined);
    throw error;
  };
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await within(Math.min(idleMs, end - Date.now()), reader.read(), () =>
        fail(`The answer stopped for ${idleMs / 1000} s, or took more than ${totalMs / 1000} s.`),
      );
      if (done) return controller.close();
      bytes += value.byteLength;
      if (bytes > maxBytes) fail(`The answer is longer than ${maxBytes} bytes.`);
      controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

async function within<T>(ms: number, work: Promise<T>, late: () => never): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined).unref();
  });
  try {
    return (await Promise.race([work, timeout])) ?? late();
  } finally {
    clearTimeout(timer);
  }
}
