import { afterAll, describe, expect, it } from '@jest/globals';
import { answerLocally, CATALOGUE, MAX_DEFINITION_BYTES, toolsFor, unwrap } from '../../../domain/tools/catalogue.ts';
import { searchTools } from '../../../domain/tools/search.ts';
import { createFakeModel, type FakeModel } from '../../../dev/fakes/model/index.ts';
import { createAnthropicModel } from '../../../adapters/anthropic/anthropic-model.ts';
import { HOUSE_TOOLS, manyTools, offeredTool } from './samples.ts';

const names = (tools: readonly { name: string }[]) => tools.map(({ name }) => name);
const found = (query: string, offered = [...manyTools(2_000), ...HOUSE_TOOLS]) =>
  names(
    (JSON.parse(answerLocally(CATALOGUE.search, { query }, offered) ?? '{}') as { tools: { name: string }[] }).tools,
  );

describe('the tools that a model is given', () => {
  it.each([0, 5, 50])('are %s definitions, in one order whatever order they come in', (count) => {
    const offered = manyTools(count);
    const { mode, tools } = toolsFor(offered.toReversed());
    expect(mode).toBe('direct');
    expect(tools).toEqual(toolsFor(offered).tools);
    expect(names(tools)).toEqual(names(offered).toSorted());
    expect(tools[0]?.inputSchema).toEqual(offered[0]?.definition.inputSchema);
  });

  it('are three that look the others up, once definitions take more than 3 % of the context', () => {
    const offered = manyTools(2_000);
    const { mode, tools } = toolsFor(offered);
    expect(mode).toBe('search');
    expect(names(tools)).toEqual(['tools__details', 'tools__execute', 'tools__search']);
    expect(JSON.stringify(tools)).toContain('2000 of server_0, server_1');
    expect(JSON.stringify(tools).length).toBeLessThan(3_000);
    expect(toolsFor(offered.toReversed())).toEqual({ mode, tools, inRequest: [] });
  });

  it('change the way exactly where the bytes do', () => {
    const sized = (bytes: number) => {
      const bare = Buffer.byteLength(JSON.stringify(toolsFor([offeredTool('a__b', 'x')]).tools));
      return toolsFor([offeredTool('a__b', 'x'.repeat(bytes - bare + 1))]).mode;
    };
    expect(MAX_DEFINITION_BYTES).toBe(24_000);
    expect([sized(24_000), sized(24_001)]).toEqual(['direct', 'search']);
  });
});

describe('what servers define', () => {
  let model: FakeModel | undefined;
  afterAll(() => model?.close());

  it('never has a request refused, however it is written', async () => {
    const fake = (model = await createFakeModel({ respond: () => ({ text: 'ok' }) }));
    const written = (name: string, inputSchema: Record<string, unknown>, description = 'x') =>
      offeredTool(name, description, {
        definition: { name, description, inputSchema, annotations: {} },
      });
    const { tools } = toolsFor([
      written('a__none', {}),
      written('a__no_words', { type: 'object' }, ''),
      written('a__union', { anyOf: [{ required: ['a'] }, { required: ['b'] }], properties: { a: {}, b: {} } }),
      written('a__tuple', { properties: { a: { items: [{ type: 'string' }] } } }),
      written('a__flags', { properties: { a: { minimum: 1, exclusiveMinimum: true, required: true } } }),
      written('a__any', { properties: { a: { type: 'any', description: null, enum: null, format: null } } }),
      written('a__nulls', { type: 'object', properties: null, required: null }),
      written('a__patterns', { patternProperties: { '^(.*)$': {} } }),
      written('a__wish', { properties: { a: { type: 'wish' } } }),
      written('a__keys', { type: 'object', properties: { 'a b': {}, ok: {}, 한글: {} }, required: ['a b', 'ok'] }),
    ]);
    const port = createAnthropicModel({ baseUrl: fake.url, timeoutMs: 5_000 });
    const messages = [{ role: 'user' as const, content: 'x' }];
    const request = { model: 'claude-haiku-5-5', system: 'x', messages, maxTokens: 10, turnKey: 'k', tools };
    expect((await port.answer(request, 'sk', new AbortController().signal)).text).toBe('ok');
    const [keys, none, union, wish] = ['keys', 'none', 'union', 'wish'].map((name) =>
      tools.find((tool) => tool.name === `a__${name}`),
    );
    expect(wish).toBeUndefined();
    expect(keys?.inputSchema).toMatchObject({
      properties: { ok: {}, a_b_c8687a: { description: '(The server calls it "a b".)' } },
      required: ['a_b_c8687a', 'ok'],
    });
    expect(none?.inputSchema).toEqual({ type: 'object' });
    expect(union?.description).toContain('follow anyOf: [{"required":["a"]},{"required":["b"]}]');
  });
});

describe('looking a tool up', () => {
  it.each([
    ['create a task in Notion', 'notion__createTask'],
    ['createTask', 'notion__createTask'],
    ['notion tasks list', 'notion__getTasks'],
    ['delete tasks notion', 'notion__deleteTask'],
    ['posting messages to channels', 'slack__postMessage'],
    ['reply to a thread', 'slack__sendThreadReply'],
    ['open pull requests', 'github__listPullRequests'],
    ['resolve the Sentry error', 'sentry__resolveIssue'],
    ['SOQL queries', 'salesforce__query'],
    ['노션에 작업을 만들기', 'notion__createTask'],
    ['슬랙 채널에 메시지 보내기', 'slack__postMessage'],
    ['지라 이슈 생성', 'jira__createIssue'],
    ['풀리퀘스트 목록', 'github__listPullRequests'],
    ['merge_contact', 'server_0__merge_contact_57'],
  ])('%s finds %s among 2,013', (query, name) => {
    expect(found(query)[0]).toBe(name);
  });

  it('finds Korean descriptions by Korean words', () => {
    const offered = [offeredTool('a__x1', '휴가를 신청합니다.'), offeredTool('a__x2', '급여 명세서를 조회합니다.')];
    expect(found('급여 명세서', offered)).toEqual(['a__x2']);
    expect(found('휴가 신청', offered)).toEqual(['a__x1']);
  });

  it('answers in the same order whatever order tools come in, as many as asked and never more than 25', () => {
    const offered = manyTools(200);
    const ask = (input: object, tools = offered) =>
      answerLocally(CATALOGUE.search, { query: 'create', ...input }, tools);
    expect(ask({})).toBe(ask({}, offered.toReversed()));
    const count = (input: object) => (JSON.parse(ask(input) ?? '') as { tools: unknown[] }).tools.length;
    expect([
      count({}),
      count({ limit: 3 }),
      count({ limit: 1e9 }),
      count({ limit: -1 }),
      count({ limit: 'all' }),
    ]).toEqual([10, 3, 20, 10, 10]);
    expect((JSON.parse(ask({ query: 'workspace', limit: 99 }) ?? '') as { tools: unknown[] }).tools).toHaveLength(25);
  });

  it('says what there is when nothing fits or nothing is asked', () => {
    expect(answerLocally(CATALOGUE.search, { query: 'zzz' }, HOUSE_TOOLS)).toMatch(
      /No tool fits "zzz".*13 of github, jira/,
    );
    expect(answerLocally(CATALOGUE.search, { query: ' the ' }, HOUSE_TOOLS)).toMatch(/No tool fits/);
    expect(answerLocally(CATALOGUE.search, {}, HOUSE_TOOLS)).toMatch(/Say in "query"/);
    expect(answerLocally(CATALOGUE.search, { query: '.*(a+)+$' }, HOUSE_TOOLS)).toMatch(/No tool fits/);
  });

  it('gives a tool whole, or the names that are near', () => {
    const details = JSON.parse(
      answerLocally(CATALOGUE.details, { name: 'notion__createTask' }, HOUSE_TOOLS) ?? '',
    ) as unknown;
    expect(details).toEqual({
      name: 'notion__createTask',
      connection: 'notion',
      description: 'Creates a task in a Notion database.',
      inputSchema: { type: 'object', properties: { title: { type: 'string' } }, required: ['title'] },
    });
    expect(answerLocally(CATALOGUE.details, { name: 'notion__create_tasks' }, HOUSE_TOOLS)).toMatch(
      /There is no tool "notion__create_tasks"\. Did you mean notion__createTask/,
    );
    expect(answerLocally(CATALOGUE.details, {}, HOUSE_TOOLS)).toMatch(/There is no tool/);
  });

  it('leaves every other tool to others', () => {
    for (const name of [CATALOGUE.execute, 'notion__createTask', 'skills__load'])
      expect(answerLocally(name, { query: 'x', name: 'x' }, HOUSE_TOOLS)).toBeUndefined();
  });
});

describe('executing a tool that was looked up', () => {
  it.each([
    [
      { name: 'a__b', arguments: { x: 1 } },
      { name: 'a__b', input: { x: 1 } },
    ],
    [
      { name: 'a__b', arguments: '{"x":1}' },
      { name: 'a__b', input: { x: 1 } },
    ],
    [{ name: 'a__b' }, { name: 'a__b', input: {} }],
    [
      { name: 'a__b', arguments: '[1]' },
      { name: 'a__b', input: {} },
    ],
    [{ arguments: {} }, { name: '', input: {} }],
  ])('of %j is the call that is meant', (input, meant) => {
    expect(unwrap({ name: CATALOGUE.execute, input })).toEqual(meant);
  });

  it('leaves a plain call as it is', () => {
    expect(unwrap({ name: 'a__b', input: { name: 'c', arguments: {} } })).toEqual({
      name: 'a__b',
      input: { name: 'c', arguments: {} },
    });
  });
});

it('searches 2,000 tools in a moment', () => {
  const offered = manyTools(2_000);
  const queries = ['create an invoice', '보고서를 내보내기', 'share the folder with a contact', 'count open tickets'];
  const times = Array.from({ length: 100 }, (_, index) => {
    const before = performance.now();
    expect(searchTools(offered, queries[index % 4] ?? '', 10).length).toBe(10);
    return performance.now() - before;
  }).toSorted((a, b) => a - b);
  process.stdout.write(
    `2,000 tools: search p50 ${times[50]?.toFixed(1)} ms, p99 ${times[98]?.toFixed(1)} ms, goal p99 20 ms\n`,
  );
});
