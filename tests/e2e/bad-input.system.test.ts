import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { accepted, expectProblem, json, ORCHESTRATE } from '../support/doors.ts';
import { raw, rawPost } from '../support/raw.ts';
import { startSharedNubabel, type Nubabel } from '../support/nubabel.ts';
import { NAUGHTY } from '../support/naughty.ts';

let nubabel: Nubabel;
beforeAll(async () => {
  nubabel = await startSharedNubabel();
}, 60_000);
afterAll(() => nubabel?.close());

const post = (init: RequestInit) => nubabel.request(ORCHESTRATE, init);
const DEEP = 100_000;
const nested = (open: string, middle: string, close: string) => open.repeat(DEEP) + middle + close.repeat(DEEP);

describe('a request that is wrong', () => {
  let before: Awaited<ReturnType<typeof accepted>>;
  beforeEach(async () => {
    before = await accepted(nubabel);
  });
  afterEach(async () => expect(await accepted(nubabel)).toEqual(before));

  it.each([
    ['no field at all', {}],
    ['an unknown field', { message: 'x', colour: 'red' }],
    ['an empty message', { message: '' }],
    ['only white space', { message: ' \t\n\u00a0\u3000' }],
    ['a number as message', { message: 7 }],
    ['an object as message', { message: { text: 'x' } }],
    ['null as message', { message: null }],
    ['40,001 characters', { message: 'x'.repeat(40_001) }],
    ['a NUL character', { message: 'a\u0000b' }],
    ['half of a surrogate pair', { message: 'a\ud800b' }],
    ['a NUL character in its key', { message: 'x', idempotencyKey: 'a\u0000b' }],
    ['an empty key', { message: 'x', idempotencyKey: '' }],
    ['a key that is too long', { message: 'x', idempotencyKey: 'k'.repeat(201) }],
    ['an unknown agent', { message: 'x', agents: ['hacker'] }],
    ['no agent in its list', { message: 'x', agents: [] }],
    ['agents that are no list', { message: 'x', agents: 'ops' }],
    ['ten agents', { message: 'x', agents: Array(10).fill('ops') }],
    ['an unknown category', { message: 'x', category: 'evil' }],
    ['an unknown mode', { message: 'x', mode: 'random' }],
    ['words where a switch belongs', { message: 'x', requireApproval: 'yes' }],
    ['an empty session', { message: 'x', sessionId: '' }],
  ])('because of %s names the field', async (_, body) => {
    const problem = await expectProblem(await post(json(body)), 400);
    expect(problem).toMatchObject({ type: '/problems/invalid-request', errors: [{ message: expect.any(String) }] });
  });

  it.each(['nothing', 'session', '../x', 'a'.repeat(100), '00000000-0000-4000-8000-00000000ffff'])(
    'because there is no session %s',
    async (sessionId) => expectProblem(await post(json({ message: 'x', sessionId })), 404),
  );

  it.each(['[]', 'null', '42', '"text"', 'true', '[{"message":"x"}]'])('because its body is %s', async (body) =>
    expectProblem(await post(json(body)), 400),
  );

  it.each([
    ['cut off', '{"message":'],
    ['no JSON', 'message=x'],
    ['empty', ''],
    ['two documents', '{"message":"x"}{"message":"y"}'],
    ['no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe])],
    ['open brackets without end', '['.repeat(DEEP)],
  ])('because its body is %s', async (_, body) => {
    await expectProblem(await post({ method: 'POST', headers: { 'content-type': 'application/json' }, body }), 400);
  });

  it.each([
    ['arrays', nested('[', '', ']')],
    ['objects', nested('{"a":', '1', '}')],
    ['a message inside', `{"message":${nested('[', '"x"', ']')}}`],
    ['an unknown field', `{"message":"x","deep":${nested('{"a":', '1', '}').slice(0, 400_000)}`],
  ])('because it is nested a hundred thousand deep: %s', async (_, body) => {
    const startedAt = Date.now();
    const headers = { authorization: `Bearer ${nubabel.token}`, 'content-type': 'application/json' };
    const answer = await rawPost(nubabel, ORCHESTRATE, headers, body);
    expect(answer).toMatch(body.length > 512 * 1024 ? /^HTTP\/1\.1 413 / : /^HTTP\/1\.1 400 /);
    expect(answer).toContain('application/problem+json');
    expect(Date.now() - startedAt).toBeLessThan(2_000);
  });

  it('because its message is a megabyte', async () => {
    const headers = { authorization: `Bearer ${nubabel.token}`, 'content-type': 'application/json' };
    const answer = await rawPost(nubabel, ORCHESTRATE, headers, JSON.stringify({ message: 'x'.repeat(1024 * 1024) }));
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('40000 characters');
  });

  it('because it is a megabyte that does not say how long it is', async () => {
    const head = `POST ${ORCHESTRATE} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${nubabel.token}\r\n`;
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    const answer = await raw(
      nubabel,
      `${head}content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n${chunk.repeat(16)}0\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('/problems/too-large');
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonp',
    'x',
  ])('because it comes as %s', async (type) =>
    expectProblem(await post(json({ message: 'x' }, { 'content-type': type })), 415),
  );

  it('because it has no body', async () => {
    const answer = await post({ method: 'POST' });
    expect([400, 415]).toContain(answer.status);
    await expectProblem(answer, answer.status);
  });

  it('because it wants to be somebody else', async () => {
    await expectProblem(await post(json('{"message":"x","__proto__":{"role":"admin"}}')), 400);
    await expectProblem(await post(json('{"message":"x","constructor":{"prototype":{"a":1}}}')), 400);
    await expectProblem(await post(json({ message: 'x', organizationId: 'other', userId: 'other' })), 400);
  });

  it('because its headers are huge', async () => {
    const answer = await post(json({ message: 'x' }, { 'x-huge': 'h'.repeat(20_000) }));
    expect(answer.status).toBe(431);
    await expectProblem(await post(json({ message: 'x' }, { 'idempotency-key': 'k'.repeat(201) })), 400);
  });

  it.each(['limit=0', 'limit=101', 'limit=-1', 'limit=x', 'limit=1.5', 'limit=1e9', 'limit='])(
    'because its list asks for %s',
    async (query) => expectProblem(await nubabel.request(`/api/jobs?${query}`), 400),
  );

  it('because nothing is there or no such method', async () => {
    for (const [method, path] of [
      ['GET', ORCHESTRATE],
      ['PUT', ORCHESTRATE],
      ['DELETE', '/api/jobs'],
      ['PATCH', '/api/jobs/x/status'],
      ['GET', '/api/nothing'],
      ['GET', '/api/../secret'],
      ['GET', '/nothing'],
      ['OPTIONS', ORCHESTRATE],
    ] as const)
      await expectProblem(await nubabel.request(path, { method }), 404);
  });
});

describe('strange but honest words', () => {
  it('are accepted, kept as they are, and answered', async () => {
    const jobs = await Promise.all(NAUGHTY.map((message) => nubabel.ask(message, { agents: ['ops'] })));
    for (const [index, { jobId, sessionId }] of jobs.entries()) {
      expect(await nubabel.ended(jobId)).toMatchObject({ status: 'completed', message: NAUGHTY[index] });
      const session = await (await nubabel.request(`/api/orchestrator/sessions/${sessionId}`)).json();
      expect(session).toMatchObject({ messages: [{ content: NAUGHTY[index] }, {}] });
    }
  }, 90_000);

  it('are understood by the keywords too, when the model is away', async () => {
    nubabel.model.setResponder((request) =>
      request.schema ? { error: { status: 400, type: 'invalid_request_error', message: 'No.' } } : { text: 'Well.' },
    );
    const jobs = await Promise.all(NAUGHTY.map((message) => nubabel.ask(message)));
    for (const { jobId } of jobs) expect(await nubabel.ended(jobId)).toMatchObject({ status: 'completed' });
  }, 90_000);

  it('of 40,000 characters and in any script are within the limit', async () => {
    for (const message of ['한'.repeat(40_000), '😀'.repeat(20_000)])
      expect((await post(json({ message, agents: ['ops'] }))).status).toBe(202);
  });
});

describe('a connection that is no good', () => {
  it.each([
    ['no HTTP', 'hello\r\n\r\n'],
    ['two lengths', 'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a negative length', 'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n'],
    ['a broken chunk', 'POST /api/jobs HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'],
    ['a header without a colon', 'GET / HTTP/1.1\r\nhost localhost\r\n\r\n'],
    ['a NUL in its path', 'GET /\0 HTTP/1.1\r\nhost: localhost\r\n\r\n'],
  ])('with %s is closed with 400 at most, and harms nobody', async (_, text) => {
    expect(await raw(nubabel, text)).toMatch(/^(HTTP\/1\.1 4\d\d|$)/);
    expect((await nubabel.request('/health/live')).status).toBe(200);
  });
});
