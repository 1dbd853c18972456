import { afterEach, describe, expect, it } from '@jest/globals';
import { createFakeGithub } from '../../../fakes/github/index.ts';
import { createFakeLinear } from '../../../fakes/linear/index.ts';
import { createFakeNotion, NOTION } from '../../../../dev/fakes/notion/index.ts';
import { createFakeSlack } from '../../../../dev/fakes/slack/index.ts';
import { ProviderError, effectMark, effectUuid } from '../../../../adapters/mcp/servers/define.ts';
import { github } from '../../../../adapters/mcp/servers/github/index.ts';
import { linear } from '../../../../adapters/mcp/servers/linear/index.ts';
import { notion } from '../../../../adapters/mcp/servers/notion/index.ts';
import { waitMsIn } from '../../../../adapters/retry-after.ts';
import { slack } from '../../../../adapters/mcp/servers/slack/index.ts';
import { toolsOf, type ToolsOptions } from './fixture.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

type Over = Partial<ToolsOptions>;
/** Every provider at its fake, with the call that writes. */
const STAGES = {
  async notion(over: Over) {
    const fake = await createFakeNotion();
    closers.push(fake.close);
    const settings = { database: NOTION.tasks };
    return {
      tools: toolsOf(notion, { url: fake.url, token: fake.token, settings, ...over }),
      write: ['createTask', { title: 'x' }],
    };
  },
  async slack(over: Over) {
    const fake = await createFakeSlack();
    closers.push(fake.close);
    const tools = toolsOf(slack, { url: fake.apiUrl, token: 'xoxb-demo', ...over });
    return { tools, write: ['postMessage', { channel: 'C_LAUNCH', text: 'x' }] };
  },
  async linear(over: Over) {
    const fake = await createFakeLinear();
    closers.push(fake.close);
    const settings = { team: 'ENG' };
    return {
      tools: toolsOf(linear, { url: fake.graphqlUrl, token: fake.token, settings, ...over }),
      write: ['createIssue', { title: 'x' }],
    };
  },
  async github(over: Over) {
    const fake = await createFakeGithub();
    closers.push(fake.close);
    const settings = { owner: 'acme', repo: 'app' };
    return {
      tools: toolsOf(github, { url: fake.url, token: fake.token, settings, ...over }),
      write: ['createIssue', { title: 'x' }],
    };
  },
} satisfies Record<string, (over: Over) => Promise<unknown>>;

type Stage = { tools: ReturnType<typeof toolsOf>; write: [string, Record<string, unknown>] };
const stageOf = (name: keyof typeof STAGES, over: Over) => STAGES[name](over) as unknown as Promise<Stage>;
const NAMES = Object.keys(STAGES) as (keyof typeof STAGES)[];
const urlOf = (input: Parameters<typeof fetch>[0]): string => (input instanceof Request ? input.url : input.toString());
/** The one request of a call that changes something. */
const isChange = (...[input, init]: Parameters<typeof fetch>): boolean =>
  urlOf(input).includes('chat.postMessage') ||
  (init?.method === 'POST' && typeof init.body === 'string' && /"title"|mutation/.test(init.body));

describe.each(NAMES)('the way out of %s', (name) => {
  it('is the fetch that it is given, and no other', async () => {
    const seen: string[] = [];
    const counting: typeof fetch = (input, init) => {
      seen.push(urlOf(input));
      return fetch(input, init);
    };
    const { tools, write } = await stageOf(name, { fetch: counting });
    await tools.whoAmI();
    await tools.run(write[0], write[1], 'effect-1');
    expect(seen.length).toBeGreaterThanOrEqual(2);
    expect(seen.every((url) => url.startsWith('http://127.0.0.1:'))).toBe(true);
  });

  it('passes the word of a guard on as it is', async () => {
    const guard: typeof fetch = () => Promise.reject(new ProviderError('refused', 'This address is not allowed.'));
    const { tools, write } = await stageOf(name, { fetch: guard });
    await expect(tools.run(write[0], write[1])).rejects.toMatchObject({
      fault: 'refused',
      message: 'This address is not allowed.',
    });
  });

  it('knows that nothing was sent when nobody could be reached', async () => {
    const refused = Object.assign(new TypeError('fetch failed'), {
      cause: Object.assign(new Error('x'), { code: 'ECONNREFUSED' }),
    });
    const { tools, write } = await stageOf(name, { fetch: () => Promise.reject(refused) });
    await expect(tools.run(write[0], write[1])).rejects.toMatchObject({ fault: 'unavailable' });
  });

  it('takes a limit of our own for one of the provider', async () => {
    const headers = { 'content-type': 'application/json', 'retry-after': '4' };
    const limiting = () => Promise.resolve(new Response('{"message":"Not sent."}', { status: 429, headers }));
    const { tools, write } = await stageOf(name, { fetch: limiting });
    await expect(tools.run(write[0], write[1])).rejects.toMatchObject({ fault: 'rate_limited', retryAfterMs: 4000 });
  });

  it('leaves a change unknown when it is stopped under way', async () => {
    const stop = new AbortController();
    const stopping: typeof fetch = async (input, init) => {
      if (isChange(input, init)) stop.abort();
      return fetch(input, init);
    };
    const { tools, write } = await stageOf(name, { fetch: stopping, signal: stop.signal });
    await expect(tools.run(write[0], write[1])).rejects.toMatchObject({ fault: 'unknown' });
    await expect(tools.whoAmI()).rejects.toMatchObject({ fault: 'unavailable' });
  });

  it('leaves a change unknown when the answer makes no sense', async () => {
    const garbling: typeof fetch = async (input, init) => {
      const response = await fetch(input, init);
      return isChange(input, init)
        ? new Response('<html>Hello</html>', { headers: { 'content-type': 'application/json' } })
        : response;
    };
    const { tools, write } = await stageOf(name, { fetch: garbling });
    await expect(tools.run(write[0], write[1])).rejects.toMatchObject({ fault: 'unknown' });
  });
});

describe('small things that all providers share', () => {
  it('read how long to wait from seconds and dates', () => {
    expect(waitMsIn({ 'retry-after': '1.5' })).toBe(1500);
    expect(waitMsIn({ 'retry-after': 'Thu, 01 Jan 2026 00:00:10 GMT' }, Date.parse('2026-01-01T00:00:00Z'))).toBe(
      10_000,
    );
    expect([waitMsIn({ 'retry-after': 'soon' }), waitMsIn({ 'retry-after': '' }), waitMsIn(undefined)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('mark an effect the same way every time, and tell nothing of its key', () => {
    expect(effectMark('org-1/run-2')).toBe(effectMark('org-1/run-2'));
    expect(effectMark('org-1/run-2')).not.toBe(effectMark('org-1/run-3'));
    expect(effectMark('org-1/run-2')).toMatch(/^[0-9a-f]{32}$/);
    expect(effectUuid('org-1/run-2')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const many = new Set(Array.from({ length: 1000 }, (_, at) => effectUuid(`key-${at}`)));
    expect(many.size).toBe(1000);
  });
});
