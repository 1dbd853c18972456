import { describe, expect, it } from '@jest/globals';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import { fromZod, onError } from '../../api/problems.ts';
import { TRAINED_AGENTS } from '../../contracts/agents.ts';
import { orchestrateRequestFor } from '../../contracts/orchestration.ts';
import { Problem, notFound, RequestError, type RequestErrorKind } from '../../contracts/request.ts';
import { createLogger } from '../../logging.ts';
import { isDatabaseAway } from '../../db/database.ts';

/** An app whose only route throws. */
async function answerTo(error: unknown, requestId?: string) {
  const app = new Hono<{ Variables: { requestId: string } }>();
  app.onError(onError({ log: createLogger('test', 'silent'), isDatabaseAway }));
  app.get('/thing', (c) => {
    if (requestId) c.set('requestId', requestId);
    throw error;
  });
  const response = await app.request('/thing');
  return { response, problem: Problem.parse(await response.json()) };
}

describe('a problem', () => {
  it.each<[RequestErrorKind, number]>([
    ['invalid-request', 400],
    ['malformed-json', 400],
    ['reserved-word', 400],
    ['unauthorized', 401],
    ['forbidden', 403],
    ['not-found', 404],
    ['conflict', 409],
    ['too-large', 413],
    ['unsupported-media-type', 415],
    ['idempotency-key-reused', 422],
    ['internal', 500],
    ['unavailable', 503],
  ])('%s answers %d as problem+json with a stable type and the sentence', async (kind, status) => {
    const { response, problem } = await answerTo(new RequestError(kind, 'What to do next.'), 'req-1');
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(problem).toEqual({
      type: `/problems/${kind}`,
      title: expect.any(String),
      status,
      detail: 'What to do next.',
      instance: '/thing',
      requestId: 'req-1',
    });
  });

  it('tells how to prove oneself, and when to come back', async () => {
    const unauthorized = await answerTo(new RequestError('unauthorized', 'x'));
    expect(unauthorized.response.headers.get('www-authenticate')).toBe('Bearer');
    const unavailable = await answerTo(new RequestError('unavailable', 'x'));
    expect(Number(unavailable.response.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it.each(['22008', '22009'])('is the caller’s for a moment that there is not (%s)', async (code) => {
    const { response } = await answerTo(Object.assign(new Error('time zone displacement out of range'), { code }));
    expect(response.status).toBe(400);
  });

  it('is the same for a missing and for a foreign thing', async () => {
    const { problem } = await answerTo(notFound('job'));
    expect(problem).toMatchObject({ status: 404, detail: 'There is no job with this id in your organization.' });
  });
});

describe('an error that is no problem', () => {
  it('is told without its insides', async () => {
    const secret = 'password=hunter2 at /srv/nubabel/db.ts:12';
    for (const error of [
      new Error(secret),
      new TypeError(secret),
      Object.assign(new Error(secret), { code: '42P01' }),
    ]) {
      const { response, problem } = await answerTo(error);
      expect(response.status).toBe(500);
      expect(JSON.stringify(problem)).not.toContain('hunter2');
    }
  });

  it.each([
    { code: 'ECONNREFUSED' },
    { code: '57P01' },
    { code: '08006' },
    { message: 'timeout exceeded when trying to connect' },
    { message: 'Connection terminated unexpectedly' },
  ])('of a database that is away (%o) is 503, and says that nothing was accepted', async (given) => {
    const { response, problem } = await answerTo(Object.assign(new Error('x'), given));
    expect(response.status).toBe(503);
    expect(problem.detail).toContain('Nothing was accepted');
  });

  it('of the framework keeps its meaning', async () => {
    expect((await answerTo(new HTTPException(413))).problem.type).toBe('/problems/too-large');
    const malformed = new HTTPException(400, { message: 'Malformed JSON in request body' });
    expect((await answerTo(malformed)).problem.type).toBe('/problems/malformed-json');
    expect((await answerTo(new HTTPException(400, { message: 'odd' }))).problem.type).toBe('/problems/invalid-request');
    expect((await answerTo(new HTTPException(502))).problem.status).toBe(500);
  });

  it('of a body over the limit is 413', async () => {
    const app = new Hono();
    app.onError(onError({ log: createLogger('test', 'silent'), isDatabaseAway }));
    app.post('/thing', bodyLimit({ maxSize: 3 }), (c) => c.text('ok'));
    expect((await app.request('/thing', { method: 'POST', body: 'four' })).status).toBe(413);
  });
});

it('what zod finds becomes fields that a person can mend', () => {
  const { error } = orchestrateRequestFor(TRAINED_AGENTS).safeParse({ message: '', agents: ['ceo'], colour: 'red' });
  expect(error && fromZod(error)).toEqual([
    { path: 'message', message: 'The message is empty.' },
    { path: 'agents.0', message: expect.stringContaining('expected one of') },
    { path: '', message: expect.stringContaining('colour') },
  ]);
});
