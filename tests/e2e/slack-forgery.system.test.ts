import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { signSlackRequest } from '../../dev/fakes/slack/index.ts';
import { accepted, expectProblem } from '../support/doors.ts';
import { rawPost } from '../support/raw.ts';
import { startSharedNubabel, type Nubabel } from '../support/nubabel.ts';

let nubabel: Nubabel;
beforeAll(async () => {
  nubabel = await startSharedNubabel({ slack: { limits: 'off' } });
}, 60_000);
afterAll(() => nubabel?.close());

const ADDRESS = '/api/slack/events';
const now = () => Math.floor(Date.now() / 1_000);
let nth = 0;
const mention = () =>
  JSON.stringify({
    type: 'event_callback',
    team_id: 'TDEMO',
    event_id: `Ev${++nth}`,
    event: {
      type: 'app_mention',
      user: 'U_ADA',
      channel: 'C_LAUNCH',
      text: '<@UNUBABEL> forged',
      ts: `1700000000.${nth}`,
    },
  });
const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string>) =>
  fetch(`${nubabel.url}${ADDRESS}`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });
const signed = (body: string, { secret = nubabel.slack.signingSecret, at = now() } = {}) => ({
  'x-slack-request-timestamp': String(at),
  'x-slack-signature': signSlackRequest(secret, at, body),
});

/** Sends it, expects this problem and that nothing was written. */
async function refused(status: number, send: () => Promise<Response>): Promise<void> {
  const before = await accepted(nubabel);
  await expectProblem(await send(), status);
  expect(await accepted(nubabel)).toEqual(before);
}

describe('a delivery is refused with 401, and nothing is written,', () => {
  it.each([
    ['stale by six minutes', { at: () => now() - 360 }],
    ['six minutes ahead', { at: () => now() + 360 }],
    ['signed with another secret', { secret: 'another' }],
    ['signed with an empty secret', { secret: '' }],
  ])('when it is %s', async (_, { at = now, secret }: { at?: () => number; secret?: string }) => {
    const body = mention();
    await refused(401, () => post(body, signed(body, { at: at(), ...(secret !== undefined && { secret }) })));
  });

  it('when any character of its body was changed', async () => {
    const body = mention();
    const headers = signed(body);
    for (const [from, to] of [
      ['forged', 'Forged'],
      ['U_ADA', 'U_EVE'],
      ['TDEMO', 'TDEM0'],
      ['}', ' }'],
    ] as const)
      await refused(401, () => post(body.replace(from, to), headers));
    await refused(401, () => post(`${body} `, headers));
    await refused(401, () => post('', headers));
  });

  it('when any bit of its signature was changed', async () => {
    const body = mention();
    const headers = signed(body);
    const signature = headers['x-slack-signature'];
    const before = await accepted(nubabel);
    for (let index = 0; index < signature.length; index++) {
      const flipped = String.fromCharCode(signature.charCodeAt(index) ^ 1);
      const forged = signature.slice(0, index) + flipped + signature.slice(index + 1);
      const answer = await post(body, { ...headers, 'x-slack-signature': forged });
      expect([index, answer.status]).toEqual([index, 401]);
    }
    expect(await accepted(nubabel)).toEqual(before);
  });

  it.each([
    ['no signature', { 'x-slack-signature': '' }],
    ['a signature of another version', { 'x-slack-signature': 'v1=00' }],
    ['a short signature', { 'x-slack-signature': 'v0=' }],
    ['a signature that is no hex', { 'x-slack-signature': `v0=${'ü'.repeat(64)}` }],
    ['no timestamp', { 'x-slack-request-timestamp': '' }],
    ['a timestamp in words', { 'x-slack-request-timestamp': 'now' }],
    ['NaN as timestamp', { 'x-slack-request-timestamp': 'NaN' }],
    ['a negative timestamp', { 'x-slack-request-timestamp': '-1' }],
    ['an enormous timestamp', { 'x-slack-request-timestamp': '1e309' }],
    ['a timestamp in milliseconds', { 'x-slack-request-timestamp': String(Date.now()) }],
    ['a fraction as timestamp', { 'x-slack-request-timestamp': `${now()}.5` }],
  ])('when it has %s', async (_, headers) => {
    const body = mention();
    const safe = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, Buffer.from(value, 'utf8').toString('latin1')]),
    );
    await refused(401, () => post(body, { ...signed(body), ...safe }));
  });

  it('when its body is no UTF-8', async () => {
    const bytes = new Uint8Array([...Buffer.from(mention()), 0xff, 0xfe]);
    await refused(401, () => post(bytes, signed(Buffer.from(bytes).toString('utf8').slice(0, -1))));
  });
});

describe('a signed delivery', () => {
  it('of a challenge is answered with it', async () => {
    const body = JSON.stringify({ type: 'url_verification', challenge: 'say this' });
    const answer = await post(body, signed(body));
    expect([answer.status, await answer.json()]).toEqual([200, { challenge: 'say this' }]);
  });

  it('of an unsigned challenge is not', () =>
    refused(401, () => post('{"type":"url_verification","challenge":"x"}', {})));

  it.each(['', 'no json', '[]', 'null', '42', '"text"', '['.repeat(100_000), `{"a":`])(
    'that is no event (%.20s) is refused as such',
    (body) => refused(400, () => post(body, signed(body))),
  );

  it.each([
    '{}',
    '{"type":"event_callback"}',
    '{"type":"event_callback","event":null}',
    '{"type":"event_callback","team_id":"TDEMO","event":{"type":"message"}}',
    '{"type":"event_callback","team_id":"TDEMO","event":{"type":"app_mention","user":7,"channel":{},"ts":[]}}',
    '{"type":"event_callback","team_id":{"$ne":1},"event":{"type":"app_mention","user":"U_ADA","channel":"C","ts":"1","text":"x"}}',
    '{"__proto__":{"type":"event_callback"},"constructor":1}',
    '{"type":"interactive_message"}',
    `{"type":"event_callback","team_id":"TDEMO","event":{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}}`,
  ])('that says nothing we know never breaks the door: %.80s', async (body) => {
    const before = await accepted(nubabel);
    const answer = await post(body, signed(body));
    expect(answer.status).toBeLessThan(500);
    expect(await accepted(nubabel)).toEqual(before);
  });

  it('of five megabytes is refused before it is read', async () => {
    const body = JSON.stringify({ type: 'event_callback', pad: 'x'.repeat(5 * 1024 * 1024) });
    const before = await accepted(nubabel);
    expect(await rawPost(nubabel, ADDRESS, signed(body), body)).toMatch(/^HTTP\/1\.1 413 /);
    expect(await accepted(nubabel)).toEqual(before);
  });
});

it('other methods find nothing there', async () => {
  for (const method of ['GET', 'PUT', 'DELETE', 'PATCH'])
    expect((await fetch(`${nubabel.url}${ADDRESS}`, { method })).status).toBeGreaterThanOrEqual(400);
});
