import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createAnthropicModel } from '../../../adapters/anthropic/anthropic-model.ts';
import type { ModelCallError, ModelRequest } from '../../../domain/models/model-port.ts';
import { FAILURE } from '../../../contracts/failures.ts';
import { createFakeModel, type FakeModel, type FakeModelOptions } from '../../../dev/fakes/model/index.ts';

const REQUEST: ModelRequest = {
  model: 'claude-haiku-5-5',
  system: 'Be brief.',
  messages: [{ role: 'user', content: 'hello' }],
  maxTokens: 2_000,
  turnKey: 'agent:brand',
};

let model: FakeModel | undefined;
let server: Server | undefined;
afterEach(async () => {
  await model?.close();
  server?.close();
  server = model = undefined;
});

const askAt = (baseUrl: string) =>
  createAnthropicModel({ baseUrl, timeoutMs: 5_000 }).answer(REQUEST, 'sk-one', new AbortController().signal);

async function askFake(options: FakeModelOptions) {
  model = await createFakeModel(options);
  return askAt(model.url);
}

/** A server that says these words to every request. */
async function askServer(type: string, body: string) {
  const started = createServer(
    (req, res) => void req.resume().on('end', () => res.writeHead(200, { 'content-type': type }).end(body)),
  );
  server = started;
  await new Promise<void>((resolve) => void started.listen(0, '127.0.0.1', resolve));
  const address = started.address();
  return askAt(`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`);
}

const errorOf = (work: Promise<unknown>) =>
  work.then(
    () => Promise.reject(new Error('It answered.')),
    (error: unknown) => error as ModelCallError,
  );

describe('an answer', () => {
  it('is asked for as a stream, with the key of the call', async () => {
    await askFake({ respond: () => ({ text: 'Hi.' }) });
    expect(model?.requests).toMatchObject([{ stream: true, apiKey: 'sk-one' }]);
  });

  it.each([true, false])('has the same words, end and bill when the server streams: %s', async (streams) => {
    const text = '한국어와 English, in many pieces. '.repeat(40);
    const answer = await askFake({ streams, respond: () => ({ text }) });
    const used = model?.log.findLast((line) => line.usage)?.usage;
    expect(answer).toEqual({
      text,
      calls: [],
      blocks: [],
      stopReason: 'end_turn',
      tokens: {
        input: used?.input_tokens,
        output: used?.output_tokens,
        cacheWrite5m: 0,
        cacheWrite1h: 0,
        cacheRead: 0,
      },
    });
  });

  it.each([true, false])('follows its schema when the server streams: %s', async (streams) => {
    model = await createFakeModel({ streams });
    const schema = {
      type: 'object',
      additionalProperties: false,
      properties: { mode: { type: 'string', enum: ['parallel'] } },
      required: ['mode'],
    };
    const port = createAnthropicModel({ baseUrl: model.url, timeoutMs: 5_000 });
    const { text } = await port.answer({ ...REQUEST, schema }, 'sk-one', new AbortController().signal);
    expect(JSON.parse(text)).toEqual({ mode: 'parallel' });
  });

  it('is understood from frames that have no names and no last one', async () => {
    const frames = [
      { type: 'message_start', message: { usage: { input_tokens: 7, output_tokens: 1 } } },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hi' } },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 3, input_tokens: null } },
    ];
    const body = `: hello\n\n${frames.map((frame) => `data: ${JSON.stringify(frame)}\n\n`).join('')}data: [DONE]\n\n`;
    const answer = await askServer('text/event-stream', body);
    expect(answer).toMatchObject({ text: 'Hi', stopReason: 'end_turn', tokens: { input: 7, output: 3 } });
  });
});

describe('an error that comes with 200', () => {
  it.each([
    ['overloaded_error', FAILURE.modelRateLimited, 'limited'],
    ['rate_limit_error', FAILURE.modelRateLimited, 'limited'],
    ['api_error', FAILURE.modelUnavailable, 'failed'],
    ['authentication_error', FAILURE.modelUnauthorized, 'rejected'],
    ['invalid_request_error', FAILURE.modelRefused, 'nothing'],
    ['never_heard_of', FAILURE.modelUnavailable, 'failed'],
  ])('as the first frame, %s, is what it would be with a status, and was free', async (type, name, fault) => {
    const error = await errorOf(
      askFake({ respond: () => ({ error: { status: 200, type, message: 'no' }, inStream: true }) }),
    );
    expect(error).toMatchObject({ free: true, fault, failure: { type: name } });
  });

  it('after content has begun may have been charged', async () => {
    const error = await errorOf(askFake({ respond: () => ({ text: 'x'.repeat(500), midway: 'overloaded' }) }));
    expect(error).toMatchObject({ free: false, fault: 'limited', failure: { type: FAILURE.modelRateLimited } });
  });

  it('as a whole body is one too', async () => {
    const body = JSON.stringify({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } });
    expect(await errorOf(askServer('application/json', body))).toMatchObject({ free: true, fault: 'limited' });
  });

  it.each([
    ['text/html', '<h1>Welcome to the gateway</h1>'],
    ['application/json', '{"ok": true}'],
    ['application/json', ''],
    ['text/event-stream', 'data: {"type":"message_start","message":{}}\n\n'],
    ['text/event-stream', 'data: {"type":\n\n'],
  ])('or is no message at all (%s: %s) may have been charged', async (type, body) => {
    expect(await errorOf(askServer(type, body))).toMatchObject({
      free: false,
      failure: { type: FAILURE.modelUnavailable },
    });
  });
});

/** The frames of a stream that says `Hi` with these counts at its beginning and at its end. */
const counted = (start: unknown, end: unknown, stopReason: string | null = 'end_turn') =>
  [
    { type: 'message_start', message: { usage: start } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hi' } },
    { type: 'message_delta', delta: { stop_reason: stopReason }, usage: end },
  ]
    .map((frame) => `data: ${JSON.stringify(frame)}\n\n`)
    .join('');

describe('what a call is billed', () => {
  it.each([
    [
      { input_tokens: 50_000, output_tokens: 1 },
      { input_tokens: 0, output_tokens: 7 },
      { input: 50_000, output: 7 },
    ],
    [{ input_tokens: 5, output_tokens: 90 }, { output_tokens: 0 }, { input: 5, output: 90 }],
    [{ input_tokens: 0 }, { input_tokens: 12, output_tokens: 3 }, { input: 12, output: 3 }],
    [
      { input_tokens: 3, cache_read_input_tokens: 800 },
      { output_tokens: 2, cache_read_input_tokens: 0 },
      { cacheRead: 800 },
    ],
    [
      { input_tokens: 3, cache_creation: { ephemeral_1h_input_tokens: 40, ephemeral_5m_input_tokens: 2 } },
      { output_tokens: 2, cache_creation: { ephemeral_1h_input_tokens: 0 } },
      { cacheWrite1h: 40, cacheWrite5m: 2 },
    ],
  ])('is the larger of what is said at the beginning (%j) and at the end (%j)', async (start, end, tokens) => {
    const answer = await askServer('text/event-stream', counted(start, end));
    expect(answer.tokens).toMatchObject(tokens);
  });

  it.each([
    [undefined, undefined],
    [null, null],
    [{}, {}],
    [{ input_tokens: 0, output_tokens: 0 }, { output_tokens: 0 }],
    [{ input_tokens: -5, output_tokens: 'many' }, { output_tokens: null }],
    [[], 'none'],
  ])('is not known where it is not said, or cannot be: %j, %j', async (start, end) => {
    const answer = await askServer('text/event-stream', counted(start, end));
    expect(answer.tokens).toMatchObject({ input: null, output: null });
  });

  it('is not known of a whole body without it either, and the answer counts all the same', async () => {
    const body = JSON.stringify({ content: [{ type: 'text', text: 'Hi' }], stop_reason: 'end_turn' });
    expect(await askServer('application/json', body)).toMatchObject({
      text: 'Hi',
      tokens: { input: null, output: null },
    });
  });
});

describe('an odd message', () => {
  const whole = (content: unknown, stop_reason: unknown = 'tool_use') =>
    askServer(
      'application/json',
      JSON.stringify({ content, stop_reason, usage: { input_tokens: 3, output_tokens: 2 } }),
    );
  const call = (id: unknown, input: unknown = {}) => ({ type: 'tool_use', id, name: 'notes__add', input });

  it('with blocks that are none has the others', async () => {
    const answer = await whole(
      [null, 'words', 7, { text: 'no type' }, { type: 'text', text: null }, { type: 'text', text: 'Hi' }],
      'stop',
    );
    expect(answer).toMatchObject({ text: 'Hi', calls: [], stopReason: 'stop' });
  });

  it('whose calls have no names, or the same, can be answered all the same', async () => {
    const { calls, blocks } = await whole([call(''), call('same'), call('same'), call('with space')]);
    const ids = calls.map(({ id }) => id);
    expect(new Set(ids).size).toBe(4);
    expect(ids.every((id) => /^[A-Za-z0-9_-]+$/.test(id))).toBe(true);
    expect(blocks.map((block) => block['id'])).toEqual(ids);
  });

  it.each([['{"title": "ha'], [null], [[1]]])(
    'that says it has ended but has half a call (%j) has not',
    async (input) => {
      const answer = await whole([{ type: 'text', text: 'I will add it.' }, call('a', input)], 'end_turn');
      expect(answer).toMatchObject({ calls: [], stopReason: 'max_tokens' });
    },
  );
});
