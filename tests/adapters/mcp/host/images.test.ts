import { describe, expect, it } from '@jest/globals';
import { deflateSync, crc32 } from 'node:zlib';
import { toToolResult } from '../../../../adapters/mcp/host/tool-result.ts';
import { createAnthropicModel } from '../../../../adapters/anthropic/anthropic-model.ts';
import { createFakeModel } from '../../../../dev/fakes/model/index.ts';
import type { ToolCall } from '../../../../db/queries/tool-calls.ts';
import { maxPromptTokens } from '../../../../domain/models/turn.ts';
import { toRoundMessages } from '../../../../domain/steps/prompts.ts';

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}
function png(width: number, height: number, pixels = deflateSync(Buffer.alloc(4))): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head[8] = 8;
  const begin = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  return Buffer.concat([begin, chunk('IHDR', head), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]);
}
const PNG = png(1, 1).toString('base64');
const GIF = 'R0lGODlhAQABAAAAACwAAAAAAQABAAACAkQBADs=';
const JPEG = Buffer.from(
  'ffd8ffe000104a46494600010100000100010000ffc00011080001000103012200021101031101ffd9',
  'hex',
).toString('base64');
const WEBP = 'UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==';
const image = (data: string, mimeType = 'image/png') => ({ type: 'image', data, mimeType });
const read = (...content: unknown[]) => toToolResult({ content });

describe('pictures of an answer', () => {
  it.each([
    ['image/png', PNG],
    ['image/gif', GIF],
    ['image/jpeg', JPEG],
    ['image/webp', WEBP],
  ])('reach the model as what they are: %s', (mediaType, data) => {
    for (const called of [mediaType, 'image/tiff', 'image/png'])
      expect(read(image(data, called))).toMatchObject({
        images: [{ mediaType, data }],
        text: `[image, ${mediaType}, 1 kB]`,
      });
    const resource = { uri: 'file:///a', mimeType: mediaType, blob: data };
    expect(read({ type: 'resource', resource })).toMatchObject({ images: [{ mediaType }] });
  });

  it.each([
    ['no picture', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>').toString('base64')],
    ['no base64', 'not base64!'],
    ['cut off', png(1, 1).subarray(0, 40).toString('base64')],
    ['spoilt on the way', PNG.replace('IDAT', 'IDAT').replace(/.{6}$/, 'AAAAAA')],
    ['too large for the API', png(1, 1, Buffer.alloc(4_000_000)).toString('base64')],
    ['too wide for the API', png(2_001, 1).toString('base64')],
    ['without a size', png(0, 1).toString('base64')],
  ])('are only named where they are %s', (_what, data) => {
    const { images, text } = read(image(data));
    expect([images, text]).toEqual([undefined, expect.stringMatching(/^\[image, image\/png, \d+ kB, not shown\]$/)]);
  });

  it('are bounded in number, and a sound is named as nothing that can be heard', () => {
    const { images, text } = read(...Array.from({ length: 7 }, () => image(PNG)), {
      type: 'audio',
      data: 'AAAA',
      mimeType: 'audio/wav',
    });
    expect(images).toHaveLength(5);
    expect(text).toMatch(/\[audio, audio\/wav, 1 kB: the model cannot hear it\]$/);
  });
});

describe('a conversation with pictures', () => {
  const call = (nth: number, images: unknown = [{ mediaType: 'image/png', data: PNG }]) =>
    ({
      turn_key: 'k',
      tool_use_id: `t${nth}`,
      status: 'done',
      result: { text: 'ok', isError: false },
      images,
    }) as unknown as ToolCall;
  const use = (nth: number) => ({ type: 'tool_use', id: `t${nth}`, name: 'a__b', input: {} });
  const talk = (...calls: ToolCall[]) =>
    toRoundMessages(
      ['k'],
      new Map([['k', { blocks: calls.map((_, nth) => use(nth)), content: '', stop_reason: 'tool_use' }]]),
      calls,
    );
  const request = (...calls: ToolCall[]) => ({
    model: 'claude-haiku-5-5',
    system: 'x',
    messages: [{ role: 'user' as const, content: 'x' }, ...talk(...calls)],
    maxTokens: 10,
    turnKey: 'k',
    tools: [{ name: 'a__b', description: 'x', inputSchema: { type: 'object' } }],
  });

  it('shows them beside the words, the newest first where there are too many', () => {
    const [, results] = talk(...Array.from({ length: 22 }, (_, nth) => call(nth)));
    const contents = ((results?.content ?? []) as unknown as readonly { content: unknown[] }[]).map(
      ({ content }) => content.length,
    );
    expect(contents).toEqual([1, 1, ...Array.from({ length: 20 }, () => 2)]);
  });

  it('reserves for what they cost, and not for their bytes', () => {
    const large = [{ mediaType: 'image/png', data: 'A'.repeat(4_000_000) }];
    expect(maxPromptTokens(request(call(0, large)))).toBeLessThan(8_000);
  });

  it('is answered also when the provider cannot read one of them', async () => {
    const model = await createFakeModel({ respond: () => ({ text: 'ok' }) });
    const port = createAnthropicModel({ baseUrl: model.url, timeoutMs: 5_000 });
    const ask = (data: string) =>
      port.answer(request(call(0, [{ mediaType: 'image/png', data }])), 'sk', new AbortController().signal);
    expect((await ask(PNG)).text).toBe('ok');
    expect(JSON.stringify(model.requests.at(-1)?.body)).toContain(PNG);
    expect((await ask(`iVBORw0KGgo${'A'.repeat(400)}`)).text).toBe('ok');
    expect(JSON.stringify(model.requests.at(-1)?.body)).toContain('an image that could not be read');
    await model.close();
  });
});
