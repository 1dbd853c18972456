import Anthropic, {
  APIConnectionError,
  APIConnectionTimeoutError,
  APIError,
  APIUserAbortError,
  AuthenticationError,
  RateLimitError,
} from '@anthropic-ai/sdk';
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod';
import { afterEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { createFakeModel, type FakeModelOptions } from '../../dev/fakes/model/index.ts';
import { billOf } from './bill.ts';
import { scriptedModel } from './scripted-model.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

async function start(options: FakeModelOptions = {}) {
  const model = await createFakeModel(options);
  closers.push(model.close);
  return { model, client: new Anthropic({ apiKey: 'sk-test-1234', baseURL: model.url, maxRetries: 0 }) };
}

const ask = (content: string) => ({
  model: 'claude-haiku-5-5',
  max_tokens: 500,
  messages: [{ role: 'user' as const, content }],
});

describe('the fake model', () => {
  it('answers the real SDK with text and countable usage', async () => {
    const { client, model } = await start({ respond: ({ userText }) => ({ text: `You said: ${userText}` }) });
    const message = await client.messages.create({ ...ask('hello'), system: 'Be brief.' });
    expect(message.content).toMatchObject([{ type: 'text', text: 'You said: hello' }]);
    expect(message.stop_reason).toBe('end_turn');
    expect(message.usage).toMatchObject({ input_tokens: 4, output_tokens: 4, cache_read_input_tokens: 0 });
    expect(message._request_id).toBe(model.requests[0]?.id);
    expect(model.requests[0]).toMatchObject({ system: 'Be brief.', userText: 'hello', apiKey: 'sk-test-1234' });
  });

  it('streams the same message as it answers at once', async () => {
    const text = 'A longer answer with 한국어, so that there are several pieces of it.';
    const { client } = await start({ respond: () => ({ text }) });
    const stream = client.messages.stream(ask('go'));
    const pieces: string[] = [];
    stream.on('text', (piece) => pieces.push(piece));
    const message = await stream.finalMessage();
    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces.join('')).toBe(text);
    expect(message.stop_reason).toBe('end_turn');
    expect(message.usage.output_tokens).toBe(Math.ceil(Buffer.byteLength(text) / 4));
  });

  it('honours a schema through the SDK’s parse', async () => {
    const Plan = z.object({
      mode: z.enum(['a', 'b']),
      share: z.number().min(0).max(1),
      tags: z.array(z.string()).min(1),
    });
    const { client, model } = await start();
    const message = await client.messages.parse({ ...ask('plan'), output_config: { format: zodOutputFormat(Plan) } });
    expect(Plan.safeParse(message.parsed_output).success).toBe(true);
    expect(model.log[0]).toMatchObject({ structured: true });
  });

  it('cuts at max_tokens and says so', async () => {
    const { client } = await start({ respond: () => ({ text: 'abcdefgh'.repeat(10) }) });
    const message = await client.messages.create({ ...ask('go'), max_tokens: 2 });
    expect(message).toMatchObject({ stop_reason: 'max_tokens', content: [{ text: 'abcdefgh' }] });
  });

  it('counts tokens and lists models', async () => {
    const { client } = await start();
    const { messages, model } = ask('12345678');
    await expect(client.messages.countTokens({ messages, model })).resolves.toEqual({ input_tokens: 2 });
    const listed = await client.models.list();
    expect(listed.data.map(({ id }) => id)).toContain('claude-haiku-5-5');
  });

  it('bills a cached prefix once as written and then as read', async () => {
    const { client, model } = await start({ respond: () => ({ text: 'ok' }) });
    const system = [{ type: 'text' as const, text: 'x'.repeat(4000), cache_control: { type: 'ephemeral' as const } }];
    const first = await client.messages.create({ ...ask('abcd'), system });
    const second = await client.messages.create({ ...ask('abcd'), system });
    expect(first.usage).toMatchObject({
      input_tokens: 1,
      cache_creation_input_tokens: 1000,
      cache_read_input_tokens: 0,
    });
    expect(second.usage).toMatchObject({
      input_tokens: 1,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 1000,
    });
    const bill = billOf(model.log, { 'claude-haiku-5-5': { input: 1, output: 5 } });
    expect(bill).toMatchObject({ answers: 2, nanos: 2 * (1000 + 5000) + 1_250_000 + 100_000 });
  });

  it('keeps its log on file', async () => {
    const logPath = join(mkdtempSync(join(tmpdir(), 'fakes-')), 'deep', 'model.jsonl');
    const { client, model } = await start({ logPath, fsync: true });
    await client.messages.create(ask('one'));
    const lines = readFileSync(logPath, 'utf8').trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(model.log);
    expect(readFileSync(logPath, 'utf8')).not.toContain('sk-test-1234');
  });
});

describe('what the fake model refuses', () => {
  const cases: [string, Record<string, unknown>, number, RegExp][] = [
    ['an unknown model', { model: 'claude-none' }, 404, /not_found_error.*model: claude-none/],
    ['a missing max_tokens', { max_tokens: undefined }, 400, /max_tokens: Field required/],
    ['too many max_tokens', { max_tokens: 900_000 }, 400, /maximum allowed number of output tokens/],
    ['an assistant who speaks first', { messages: [{ role: 'assistant', content: 'x' }] }, 400, /"user\\?" role/],
    ['no messages', { messages: [] }, 400, /at least one message/],
    ['an empty message', { messages: [{ role: 'user', content: '' }] }, 400, /non-empty content/],
    [
      'an empty text block',
      { messages: [{ role: 'user', content: [{ type: 'text', text: '' }] }] },
      400,
      /must be non-empty/,
    ],
    ['an unknown field', { surprise: 1 }, 400, /surprise: Extra inputs are not permitted/],
    [
      'a schema with bounds',
      { output_config: { format: { type: 'json_schema', schema: { type: 'number', minimum: 0 } } } },
      400,
      /minimum are not supported/,
    ],
    [
      'an open object',
      { output_config: { format: { type: 'json_schema', schema: { type: 'object' } } } },
      400,
      /additionalProperties/,
    ],
  ];
  it.each(cases)('%s', async (_name, change, status, message) => {
    const { client } = await start();
    const body = { ...ask('x'), ...change } as Parameters<typeof client.messages.create>[0];
    const error = await client.messages.create(body, { timeout: 5000 }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(APIError);
    expect(error).toMatchObject({ status, requestID: expect.stringMatching(/^req_/) });
    expect(JSON.stringify((error as APIError).error)).toMatch(message);
  });

  it('a wrong key, a missing key, a missing version and a huge body', async () => {
    const { client, model } = await start({ validKeys: ['right'] });
    await expect(client.messages.create(ask('x'))).rejects.toThrow(AuthenticationError);
    const post = (headers: Record<string, string>, body = '{}') =>
      fetch(`${model.url}/v1/messages`, { method: 'POST', headers, body }).then((response) => response.status);
    await expect(post({})).resolves.toBe(401);
    await expect(post({ authorization: 'Bearer right' })).resolves.toBe(400);
    await expect(post({ 'x-api-key': 'right', 'anthropic-version': '2023-06-01' }, 'no json')).resolves.toBe(400);
    const huge = 'x'.repeat(33 * 1024 * 1024);
    await expect(post({ 'x-api-key': 'right', 'anthropic-version': '2023-06-01' }, huge)).resolves.toBe(413);
    expect(model.log.map(({ status }) => status)).toEqual([401, 401, 400, 400, 413]);
  });
});

describe('trouble on order', () => {
  it('passes provider errors with their retry-after', async () => {
    const { client } = await start({
      respond: () => ({ error: { status: 429, type: 'rate_limit_error', message: 'Slow down', retryAfterSeconds: 7 } }),
    });
    const error = await client.messages.create(ask('x')).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RateLimitError);
    expect((error as RateLimitError).headers?.get('retry-after')).toBe('7');
  });

  it('holds answers until it is resumed', async () => {
    const { client, model } = await start({ respond: ({ userText }) => ({ text: userText }) });
    model.pause();
    const answers = Promise.all([client.messages.create(ask('one')), client.messages.create(ask('two'))]);
    await model.waitForRequests(2);
    expect(model.log).toEqual([]);
    model.resume();
    await expect(answers).resolves.toHaveLength(2);
  });

  it('notices a caller who leaves, and bills nothing for it', async () => {
    const { client, model } = await start();
    model.pause();
    const abort = new AbortController();
    const answer = client.messages.create(ask('x'), { signal: abort.signal });
    await model.waitForRequests(1);
    abort.abort();
    await expect(answer).rejects.toThrow(APIUserAbortError);
    await model.waitForLog(1);
    expect(model.log).toMatchObject([{ outcome: 'client_gone' }]);
    expect(billOf(model.log, {}).nanos).toBe(0);
  });

  it('hangs, disconnects and stops midway', async () => {
    const { client, model } = await start({ respond: () => ({ disconnect: true }) });
    await expect(client.messages.create(ask('x'))).rejects.toThrow(APIConnectionError);
    model.setResponder(() => ({ text: 'a long enough answer', midway: 'disconnect' }));
    await expect(client.messages.create(ask('x'))).rejects.toThrow();
    model.setResponder(() => ({ hang: true }));
    await expect(client.messages.create(ask('x'), { timeout: 50 })).rejects.toThrow(APIConnectionTimeoutError);
    model.setResponder(() => ({ text: 'a long enough answer', midway: 'stall' }));
    const abort = new AbortController();
    const stalled = client.messages.create(ask('x'), { signal: abort.signal });
    await model.waitForLog(4);
    abort.abort();
    await expect(stalled).rejects.toThrow();
    expect(model.log.map(({ outcome }) => outcome)).toEqual(['disconnected', 'cut', 'hung', 'cut']);
  });
});

describe('a scripted model', () => {
  it('says matched turns in any order and the rest in theirs', async () => {
    const script = scriptedModel([
      { reply: { text: 'first' } },
      { match: /about brands/, reply: { text: 'brand' } },
      { reply: { text: 'second' } },
    ]);
    const { client } = await start({ respond: script.respond });
    const said = async (text: string) => (await client.messages.create(ask(text))).content[0];
    await expect(said('x')).resolves.toMatchObject({ text: 'first' });
    expect(() => script.assertAllSaid()).toThrow(/unused: \/about brands\//);
    await expect(said('y')).resolves.toMatchObject({ text: 'second' });
    await expect(said('something about brands')).resolves.toMatchObject({ text: 'brand' });
    script.assertAllSaid();
    await expect(said('extra')).rejects.toThrow(/no turn/);
    expect(() => script.assertAllSaid()).toThrow(/unexpected: claude-haiku-5-5: extra/);
  });
});

describe('control over HTTP', () => {
  it('exchanges the responder of a fake in another process for a number of answers', async () => {
    const { client, model } = await start({ control: true });
    const order = (body: unknown) =>
      fetch(`${model.url}/_control/responder`, { method: 'POST', body: JSON.stringify(body) }).then((r) => r.status);
    await expect(order({ kind: 'error', status: 529, times: 1 })).resolves.toBe(200);
    await expect(order({ kind: 'nonsense' })).resolves.toBe(400);
    await expect(client.messages.create(ask('x'))).rejects.toMatchObject({ status: 529 });
    await expect(client.messages.create(ask('back'))).resolves.toMatchObject({ content: [{ text: 'back' }] });
    const requests = await (await fetch(`${model.url}/_control/requests`)).json();
    expect(requests).toMatchObject([{ userText: 'x', key: '1234' }, { userText: 'back' }]);
    expect(JSON.stringify(requests)).not.toContain('sk-test');
  });
});
