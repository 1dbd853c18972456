import { APIConnectionError, APIError, APIUserAbortError } from '@anthropic-ai/sdk';
import { afterEach, describe, expect, it } from '@jest/globals';
import { CancelledError, FAILURE, FailureError } from '../../../contracts/failures.ts';
import { createAnthropicModel } from '../../../adapters/anthropic/anthropic-model.ts';
import { toModelCallError } from '../../../adapters/anthropic/failures.ts';
import { ModelCallError, type ModelRequest } from '../../../domain/models/model-port.ts';
import { createFakeModel, type FakeModel, type Reply } from '../../../dev/fakes/model/index.ts';
import { anyFreePort } from '../../../dev/ports.ts';

const httpError = (status: number, headers: Record<string, string> = {}, message = 'no') =>
  APIError.generate(status, { type: 'error', error: { type: 'x', message } }, message, new Headers(headers));

function translated(error: unknown, cancelled = false) {
  const translation = toModelCallError(error, { cancelled, secret: 'sk-secret' });
  if (!(translation instanceof ModelCallError)) throw new Error('It was not translated.');
  const { free, fault, waitSeconds } = translation;
  return { free, fault, waitSeconds, failure: translation.failure as FailureError };
}

describe('an answer with an HTTP status', () => {
  it.each([
    [400, FAILURE.modelRefused, true, 'nothing'],
    [404, FAILURE.modelRefused, true, 'nothing'],
    [413, FAILURE.modelRefused, true, 'nothing'],
    [422, FAILURE.modelRefused, true, 'nothing'],
    [401, FAILURE.modelUnauthorized, true, 'rejected'],
    [403, FAILURE.modelUnauthorized, true, 'nothing'],
    [408, FAILURE.modelUnavailable, false, 'failed'],
    [409, FAILURE.modelUnavailable, false, 'failed'],
    [429, FAILURE.modelRateLimited, false, 'limited'],
    [529, FAILURE.modelRateLimited, false, 'limited'],
    [500, FAILURE.modelUnavailable, false, 'failed'],
    [502, FAILURE.modelUnavailable, false, 'failed'],
    [503, FAILURE.modelUnavailable, false, 'failed'],
    [504, FAILURE.modelUnavailable, false, 'failed'],
  ])('%d is %s, final: %s, was free, and says of its key: %s', (status, type, nonRetryable, fault) => {
    const told = translated(httpError(status));
    expect(told.failure).toBeInstanceOf(FailureError);
    expect(told.failure).toMatchObject({ type, nonRetryable });
    expect(told).toMatchObject({ free: true, fault });
  });

  it.each(['authentication_error', 'permission_error'])('403 is of the key when it is an %s', (type) => {
    const error = APIError.generate(403, { type: 'error', error: { type, message: 'no' } }, 'no', new Headers());
    expect(translated(error).fault).toBe('rejected');
  });

  it.each([
    ['7', 7],
    ['0.5', 0.5],
    ['3600', 3600],
  ])('hands on retry-after: %s', (given, seconds) => {
    expect(translated(httpError(429, { 'retry-after': given })).waitSeconds).toBe(seconds);
  });

  it('hands on retry-after-ms, which is finer, and a date', () => {
    expect(translated(httpError(529, { 'retry-after-ms': '1500', 'retry-after': '9' })).waitSeconds).toBe(1.5);
    expect(translated(httpError(503, { 'retry-after': '4' })).waitSeconds).toBe(4);
    const inAMinute = new Date(Date.now() + 60_000).toUTCString();
    expect(translated(httpError(429, { 'retry-after': inAMinute })).waitSeconds).toBeGreaterThan(55);
  });

  it('believes the provider on whether trying again helps', () => {
    const says = (status: number, word: string) => translated(httpError(status, { 'x-should-retry': word })).failure;
    expect(says(500, 'false').nonRetryable).toBe(true);
    expect(says(429, 'false').nonRetryable).toBe(true);
    expect(says(400, 'true')).toMatchObject({ type: FAILURE.modelUnavailable, nonRetryable: false });
  });

  it.each([
    [413, 'no', 'too_long'],
    [400, 'prompt is too long: 210000 tokens > 200000 maximum', 'too_long'],
    [400, "This model's maximum context length is 8192 tokens.", 'too_long'],
    [402, 'no', 'billing'],
    [400, 'Your credit balance is too low to access the Anthropic API.', 'billing'],
    [400, 'Output blocked by content filtering policy', 'policy'],
    [404, 'model: claude-never', 'no_model'],
    [400, 'messages: text content blocks must be non-empty', undefined],
  ])('%d with the words %j is refused because of %s', (status, words, cause) => {
    expect(translated(httpError(status, {}, words)).failure.details).toEqual(cause ? [cause] : []);
  });

  it.each([[undefined], ['soon'], ['0'], ['-5'], ['Wed, 21 Oct 2026 07:28:00 GMT'], ['NaN'], ['1e309']])(
    'names no wait when retry-after is %s',
    (given) => {
      const headers: Record<string, string> = given === undefined ? {} : { 'retry-after': given };
      expect(translated(httpError(429, headers)).waitSeconds).toBeUndefined();
    },
  );

  it('never quotes the key, even when a gateway does', () => {
    for (const status of [400, 401, 429, 500]) {
      const { failure } = translated(httpError(status, {}, `${'x'.repeat(195)} sk-secret is no good`));
      expect(failure.message).not.toContain('sk-s');
    }
  });

  it('keeps one short line of what the provider says, which may quote the prompt', () => {
    const { failure } = translated(httpError(400, {}, `refused\nthe prompt was: ${'secret '.repeat(500)}`));
    expect(failure.message).not.toContain('secret');
    expect(translated(httpError(400, {}, 'x'.repeat(5_000))).failure.message.length).toBeLessThanOrEqual(200);
    expect(failure.cause).toBeUndefined();
  });
});

describe('no answer', () => {
  it('is free only when the connection was refused or the name unknown', () => {
    const because = (code: string) =>
      new APIConnectionError({ message: 'Connection error.', cause: Object.assign(new Error(code), { code }) });
    for (const code of ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']) expect(translated(because(code)).free).toBe(true);
    for (const code of ['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'UND_ERR_SOCKET']) {
      const { free, failure } = translated(because(code));
      expect({ code, free }).toEqual({ code, free: false });
      expect(failure).toMatchObject({ type: FAILURE.modelUnavailable, nonRetryable: false });
    }
    expect(translated(new APIConnectionError({ message: 'Connection error.' })).free).toBe(false);
  });

  it('by our own deadline counts as unavailable and not as free', () => {
    const { free, failure } = translated(new APIUserAbortError());
    expect(failure).toMatchObject({ type: FAILURE.modelUnavailable, nonRetryable: false });
    expect(free).toBe(false);
  });

  it('by a cancellation is a cancellation, whatever the error looks like, and not free', () => {
    for (const error of [new APIUserAbortError(), httpError(500), new Error('odd')]) {
      const { free, failure } = translated(error, true);
      expect(failure).toBeInstanceOf(CancelledError);
      expect(free).toBe(false);
    }
  });
});

it('a bug of ours goes through untouched', () => {
  const bug = new TypeError("Cannot read properties of undefined (reading 'usage')");
  expect(toModelCallError(bug, { cancelled: false })).toBe(bug);
  expect(toModelCallError('a string', { cancelled: false })).toBe('a string');
});

describe('over a real connection', () => {
  let model: FakeModel | undefined;
  afterEach(() => model?.close());

  const REQUEST: ModelRequest = {
    model: 'claude-haiku-5-5',
    system: 'Be brief.',
    messages: [{ role: 'user', content: 'hello' }],
    maxTokens: 2_000,
    turnKey: 'agent:brand',
  };
  async function failureOf(reply: Reply, stop = new AbortController(), timeoutMs = 10_000, whenAsked = () => {}) {
    const asked = (): Reply => {
      whenAsked();
      return reply;
    };
    model = await createFakeModel({ respond: asked });
    const port = createAnthropicModel({ baseUrl: model.url, timeoutMs });
    return port.answer(REQUEST, 'sk-test', stop.signal).then(
      () => Promise.reject(new Error('It answered.')),
      (error: unknown) => error as ModelCallError,
    );
  }

  it('asks once: retries are Temporal’s', async () => {
    const error = await failureOf({
      error: { status: 529, type: 'overloaded_error', message: 'x', retryAfterSeconds: 4 },
    });
    expect(error).toMatchObject({ free: true, waitSeconds: 4, failure: { type: FAILURE.modelRateLimited } });
    expect(model?.requests).toHaveLength(1);
  });

  it('a connection cut before the answer may have been charged', async () => {
    expect(await failureOf({ disconnect: true })).toMatchObject({
      free: false,
      failure: { type: FAILURE.modelUnavailable },
    });
  });

  it('an answer cut in its middle may have been charged, and is no bug of ours', async () => {
    expect(await failureOf({ text: 'x'.repeat(6_000), midway: 'disconnect' })).toMatchObject({
      free: false,
      failure: { type: FAILURE.modelUnavailable },
    });
  });

  it.each([{ hang: true }, { text: 'x'.repeat(6_000), midway: 'stall' }] as const)(
    'our deadline ends %o, and that may have been charged',
    async (reply) => {
      expect(await failureOf(reply, new AbortController(), 300)).toMatchObject({
        free: false,
        failure: { type: FAILURE.modelUnavailable },
      });
    },
  );

  it.each([{ hang: true }, { text: 'x'.repeat(6_000), midway: 'stall' }] as const)(
    'a cancellation ends %o at once',
    async (reply) => {
      const stop = new AbortController();
      const error = await failureOf(reply, stop, 10_000, () => setImmediate(() => stop.abort()));
      expect(error.free).toBe(false);
      expect(error.failure).toBeInstanceOf(CancelledError);
    },
  );

  it('a refused connection was certainly free', async () => {
    const port = createAnthropicModel({
      baseUrl: `http://127.0.0.1:${await anyFreePort()}`,
      timeoutMs: 1_000,
    });
    await expect(port.answer(REQUEST, 'sk-test', new AbortController().signal)).rejects.toMatchObject({ free: true });
  });
});
