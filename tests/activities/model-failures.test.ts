import { APIConnectionError, APIError, APIUserAbortError } from '@anthropic-ai/sdk';
import { afterEach, describe, expect, it } from '@jest/globals';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { createAnthropicModel } from '../../activities/model/anthropic.ts';
import { toModelCallError } from '../../activities/model/failures.ts';
import { ModelCallError, type ModelRequest } from '../../activities/model/model-port.ts';
import { FAILURE } from '../../contracts/failures.ts';
import { createFakeModel, type FakeModel, type Reply } from '../../dev/fakes/model/index.ts';
import { anyFreePort } from '../../dev/ports.ts';

const httpError = (status: number, headers: Record<string, string> = {}, message = 'no') =>
  APIError.generate(status, { type: 'error', error: { type: 'x', message } }, message, new Headers(headers));

function translated(error: unknown, cancelled = false): { free: boolean; failure: ApplicationFailure } {
  const translation = toModelCallError(error, cancelled);
  if (!(translation instanceof ModelCallError)) throw new Error('It was not translated.');
  return { free: translation.free, failure: translation.failure as ApplicationFailure };
}

describe('an answer with an HTTP status', () => {
  it.each([
    [400, FAILURE.modelRefused, true],
    [404, FAILURE.modelRefused, true],
    [413, FAILURE.modelRefused, true],
    [422, FAILURE.modelRefused, true],
    [401, FAILURE.modelUnauthorized, true],
    [403, FAILURE.modelUnauthorized, true],
    [408, FAILURE.modelUnavailable, false],
    [409, FAILURE.modelUnavailable, false],
    [429, FAILURE.modelRateLimited, false],
    [529, FAILURE.modelRateLimited, false],
    [500, FAILURE.modelUnavailable, false],
    [502, FAILURE.modelUnavailable, false],
    [503, FAILURE.modelUnavailable, false],
    [504, FAILURE.modelUnavailable, false],
  ])('%d is %s, final: %s, and was free', (status, type, nonRetryable) => {
    const { free, failure } = translated(httpError(status));
    expect(failure).toBeInstanceOf(ApplicationFailure);
    expect(failure).toMatchObject({ type, nonRetryable });
    expect(free).toBe(true);
  });

  it.each([
    ['7', '7000'],
    ['0.5', '500'],
    ['3600', '30000'],
  ])('honours retry-after: %s, up to half a minute', (given, ms) => {
    expect(String(translated(httpError(429, { 'retry-after': given })).failure.nextRetryDelay)).toBe(ms);
  });

  it.each([[undefined], ['soon'], ['0'], ['-5'], ['Wed, 21 Oct 2026 07:28:00 GMT'], ['NaN'], ['1e309']])(
    'leaves the wait to the policy when retry-after is %s',
    (given) => {
      const headers: Record<string, string> = given === undefined ? {} : { 'retry-after': given };
      const { nextRetryDelay } = translated(httpError(429, headers)).failure;
      expect(nextRetryDelay === undefined || nextRetryDelay === 30_000).toBe(true);
    },
  );

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
      expect(failure).toBeInstanceOf(CancelledFailure);
      expect(free).toBe(false);
    }
  });
});

it('a bug of ours goes through untouched', () => {
  const bug = new TypeError("Cannot read properties of undefined (reading 'usage')");
  expect(toModelCallError(bug, false)).toBe(bug);
  expect(toModelCallError('a string', false)).toBe('a string');
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
    const port = createAnthropicModel({ apiKey: 'sk-test', baseUrl: model.url, timeoutMs });
    return port.answer(REQUEST, stop.signal).then(
      () => Promise.reject(new Error('It answered.')),
      (error: unknown) => error as ModelCallError,
    );
  }

  it('asks once: retries are Temporal’s', async () => {
    const error = await failureOf({
      error: { status: 529, type: 'overloaded_error', message: 'x', retryAfterSeconds: 4 },
    });
    expect(error).toMatchObject({ free: true, failure: { type: FAILURE.modelRateLimited, nextRetryDelay: 4_000 } });
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
      expect(error.failure).toBeInstanceOf(CancelledFailure);
    },
  );

  it('a refused connection was certainly free', async () => {
    const port = createAnthropicModel({
      apiKey: 'sk-test',
      baseUrl: `http://127.0.0.1:${await anyFreePort()}`,
      timeoutMs: 1_000,
    });
    await expect(port.answer(REQUEST, new AbortController().signal)).rejects.toMatchObject({ free: true });
  });
});
