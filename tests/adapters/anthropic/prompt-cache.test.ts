import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createAnthropicModel } from '../../../adapters/anthropic/anthropic-model.ts';
import { createFakeModel, type FakeModel } from '../../../dev/fakes/model/index.ts';
import type { ModelAnswer, ModelMessage, ModelRequest } from '../../../domain/models/model-port.ts';
import { PRICES } from '../../support/samples.ts';

const MODEL = 'claude-sonnet-5-5';
let model: FakeModel;
beforeEach(async () => {
  model = await createFakeModel({ minCacheTokens: 1_024 });
});
afterEach(() => model.close());

const words = (what: string, bytes: number) => `${what} ${'lorem ipsum '.repeat(bytes / 12)}`;
const TOOLS = Array.from({ length: 8 }, (_, nth) => ({
  name: `tool_${nth}`,
  description: words('What it does.', 600),
  inputSchema: { type: 'object', properties: { nth: { type: 'number' } } },
}));

/** What the model has called and been answered in a round. */
const round = (nth: number): ModelMessage[] => [
  { role: 'assistant', content: [{ type: 'tool_use', id: `call_${nth}`, name: 'tool_1', input: { nth } }] },
  {
    role: 'user',
    content: [
      { type: 'tool_result', tool_use_id: `call_${nth}`, content: [{ type: 'text', text: words(`${nth}`, 2_000) }] },
    ],
  },
];

const request = (rounds: number, more: Partial<ModelRequest> = {}): ModelRequest => ({
  model: MODEL,
  system: words('You are Support.', 3_000),
  messages: [
    { role: 'user', content: words('Look into it', 1_000) },
    ...Array.from({ length: rounds }, (_, nth) => round(nth)).flat(),
  ],
  maxTokens: 500,
  turnKey: `agent:support~${rounds + 1}`,
  tools: TOOLS,
  ...more,
});

const answerer = (baseUrl: string) => {
  const port = createAnthropicModel({ baseUrl, timeoutMs: 5_000 });
  return (asked: ModelRequest): Promise<ModelAnswer> => port.answer(asked, 'sk-test', new AbortController().signal);
};
const promptOf = ({ tokens: { input, cacheWrite5m, cacheRead } }: ModelAnswer) =>
  (input ?? 0) + cacheWrite5m + cacheRead;
const costOf = ({ tokens }: ModelAnswer) =>
  PRICES.costOf(MODEL, { ...tokens, input: tokens.input ?? 0, output: tokens.output ?? 0 });
const sum = (all: readonly number[]) => all.reduce((total, one) => total + one, 0);

describe('a prompt that goes on', () => {
  it('is read from the cache of the round before: of twenty rounds more than 70 %, for less than half of the price', async () => {
    const ask = answerer(model.url);
    const answers: ModelAnswer[] = [];
    for (let rounds = 0; rounds < 20; rounds++)
      answers.push(await ask(request(rounds, rounds === 19 ? { mustAnswer: true } : {})));
    const prompts = sum(answers.map(promptOf));
    expect(sum(answers.map(({ tokens }) => tokens.cacheRead)) / prompts).toBeGreaterThan(0.7);
    const atFullPrice = answers.map((answer) =>
      costOf({ ...answer, tokens: { ...answer.tokens, input: promptOf(answer), cacheWrite5m: 0, cacheRead: 0 } }),
    );
    expect(sum(answers.map(costOf))).toBeLessThan(sum(atFullPrice) / 2);
    // Nobody comes after the last.
    expect(answers.at(-1)?.tokens).toMatchObject({ cacheWrite5m: 0 });
  });

  it('keeps no conversation before a tool was called, and nothing where there are no tools', async () => {
    const ask = answerer(model.url);
    const first = await ask(request(0));
    const stable = first.tokens.cacheWrite5m;
    expect(first.tokens.input).toBeGreaterThan(200);
    expect(stable).toBeGreaterThan(1_024);
    const other = await ask(request(0, { messages: [{ role: 'user', content: words('Something else', 4_000) }] }));
    expect(other.tokens).toMatchObject({ cacheRead: stable, cacheWrite5m: 0 });
    const without = await ask({ ...request(0), tools: undefined });
    expect(without.tokens).toMatchObject({ cacheRead: 0, cacheWrite5m: 0 });
  });

  it('is not paid for twice where it is too short to be kept', async () => {
    const ask = answerer(model.url);
    const short = {
      system: 'Be brief.',
      tools: TOOLS.slice(0, 1),
      messages: [{ role: 'user' as const, content: 'Hi' }],
    };
    expect((await ask(request(0, short))).tokens).toMatchObject({ cacheRead: 0, cacheWrite5m: 0 });
  });
});

describe('a provider that knows no marks', () => {
  let gateway: Server;
  let refused = 0;
  beforeEach(async () => {
    refused = 0;
    gateway = createServer((asked, answer) => {
      void pass(asked, answer);
    });
    await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => void gateway.close());

  async function pass(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const body = await text(asked);
    if (body.includes('cache_control')) {
      refused++;
      const message = 'system.0.cache_control: Extra inputs are not permitted';
      answer.writeHead(400, { 'content-type': 'application/json' });
      answer.end(JSON.stringify({ type: 'error', error: { type: 'invalid_request_error', message } }));
      return;
    }
    const headers = { 'content-type': 'application/json', 'x-api-key': 'sk-test', 'anthropic-version': '2023-06-01' };
    const passed = await fetch(`${model.url}${asked.url}`, { method: 'POST', headers, body });
    answer.writeHead(passed.status, { 'content-type': passed.headers.get('content-type') ?? '' });
    answer.end(await passed.text());
  }

  it('is asked again without, and from then on', async () => {
    const ask = answerer(`http://127.0.0.1:${(gateway.address() as AddressInfo).port}`);
    for (let rounds = 0; rounds < 3; rounds++) expect((await ask(request(rounds))).text).not.toBe('');
    expect(refused).toBe(1);
  });
});
