import { afterEach, describe, expect, it } from '@jest/globals';
import { createAnthropicModel } from '../../../adapters/anthropic/anthropic-model.ts';
import type { ModelRequest } from '../../../domain/models/model-port.ts';
import { createFakeModel, type FakeModel, type FakeModelOptions } from '../../../dev/fakes/model/index.ts';
import { toolCall } from '../../support/replies.ts';

const REQUEST: ModelRequest = {
  model: 'claude-haiku-5-5',
  system: 'Be brief.',
  messages: [{ role: 'user', content: 'Make a task and say so' }],
  tools: [
    { name: 'notion__create_task', description: 'Makes a task.', inputSchema: { type: 'object' } },
    { name: 'slack__post_message', description: 'Posts.', inputSchema: { type: 'object' } },
  ],
  maxTokens: 2_000,
  turnKey: 'agent:ops',
};
const INPUT = { title: '봄 출시 준비', notes: 'Everything of last week, and the rest. '.repeat(5) };
const CALLS = [
  { id: 'toolu_1', name: 'notion__create_task', input: INPUT },
  { id: 'toolu_2', name: 'slack__post_message', input: {} },
];

let model: FakeModel | undefined;
afterEach(async () => {
  await model?.close();
  model = undefined;
});

async function open(options: FakeModelOptions) {
  const fake = (model = await createFakeModel(options));
  const port = createAnthropicModel({ baseUrl: fake.url, timeoutMs: 5_000 });
  return (request: Partial<ModelRequest> = {}) =>
    port.answer({ ...REQUEST, ...request }, 'sk-one', new AbortController().signal);
}

describe.each([true, false])('an answer with calls, when the server streams: %s', (streams) => {
  it('has every call with its arguments, the words before them and the bill', async () => {
    const ask = await open({ streams, respond: () => ({ text: 'On it.', calls: CALLS }) });
    const answer = await ask();
    expect(answer).toMatchObject({ text: 'On it.', calls: CALLS, stopReason: 'tool_use' });
    expect(answer.blocks).toMatchObject([{ type: 'text' }, { type: 'tool_use' }, { type: 'tool_use' }]);
    expect(answer.tokens.output).toBe(model?.log[0]?.usage?.output_tokens);
    expect(model?.requests[0]?.tools.map(({ name }) => name)).toEqual(REQUEST.tools?.map(({ name }) => name));
  });

  it('is taken back by the provider as it came, with what was thought', async () => {
    const ask = await open({
      streams,
      respond: ({ toolResults }) =>
        toolResults.length > 0
          ? { text: toolResults.map(({ name, text }) => `${name}: ${text}`).join('\n') }
          : { thinking: '먼저 작업을 만들고, then tell them. '.repeat(9), text: 'On it.', calls: CALLS },
    });
    const { blocks, calls, text } = await ask();
    expect(text).toBe('On it.');
    const results = calls.map(({ id }, index) => ({ type: 'tool_result', tool_use_id: id, content: `done ${index}` }));
    const second = await ask({
      messages: [...REQUEST.messages, { role: 'assistant', content: blocks }, { role: 'user', content: results }],
    });
    expect(second).toMatchObject({
      text: 'notion__create_task: done 0\nslack__post_message: done 1',
      calls: [],
      blocks: [],
      stopReason: 'end_turn',
    });
  });

  it.each(['', ' \n'])('beside an empty block of text (%j) is taken back by the provider', async (text) => {
    const ask = await open({
      streams,
      respond: ({ toolResults }) => (toolResults.length > 0 ? { text: 'Done.' } : { text, calls: CALLS }),
    });
    const { blocks, calls } = await ask();
    const results = calls.map(({ id }) => ({ type: 'tool_result', tool_use_id: id, content: 'done' }));
    const messages = [
      ...REQUEST.messages,
      { role: 'assistant' as const, content: blocks },
      { role: 'user' as const, content: results },
    ];
    expect(await ask({ messages })).toMatchObject({ text: 'Done.' });
  });

  it.each([2, 6, 20])('has no call whose arguments were cut off after %s tokens', async (maxTokens) => {
    const ask = await open({ streams, respond: () => toolCall('notion__create_task', INPUT) });
    expect(await ask({ maxTokens })).toMatchObject({ calls: [], blocks: [], stopReason: 'max_tokens' });
  });

  it('keeps the whole calls before the one that was cut off', async () => {
    const respond = () => ({ calls: CALLS.toReversed() });
    const ask = await open({ streams, respond });
    const answer = await ask({ maxTokens: 30 });
    expect(answer.calls).toEqual([CALLS[1]]);
    expect(answer.blocks).toMatchObject([{ id: 'toolu_2' }]);
    expect(answer.stopReason).toBe('max_tokens');
  });

  it('has arguments that can be stored, whatever was said', async () => {
    const ask = await open({ streams, respond: () => toolCall('notion__create_task', { title: 'a\u0000b\ud800c' }) });
    const [call] = (await ask()).calls;
    expect(JSON.stringify(call?.input)).not.toMatch(/\\u0000|\\ud800/);
  });
});

it('keeps whole numbers that JavaScript would round, as their digits', async () => {
  const exact = JSON as unknown as { rawJSON(text: string): unknown };
  const input = { id: exact.rawJSON('1234567890123456789'), list: [exact.rawJSON('-9007199254740993'), 3.5] };
  const ask = await open({
    streams: true,
    respond: () => ({ calls: [{ id: 'toolu_1', name: 'notion__create_task', input }] }),
  });
  const { calls, blocks } = await ask();
  const kept = { id: '1234567890123456789', list: ['-9007199254740993', 3.5] };
  expect([calls[0]?.input, blocks[0]]).toEqual([kept, expect.objectContaining({ input: kept })]);
});
