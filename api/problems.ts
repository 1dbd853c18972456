import type { Context, ErrorHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { z } from 'zod';
import { RequestError, type Problem, type RequestErrorKind } from '../contracts/request.ts';
import type { Logger } from '../logging.ts';

/** The problems this API knows: slug → status and title. The slug is the stable part of `type`. */
const KINDS = {
  'invalid-request': [400, 'The request is not valid'],
  'malformed-json': [400, 'The body is not JSON'],
  'reserved-word': [400, 'The message is a word with a meaning of its own, and no request'],
  unauthorized: [401, 'A valid bearer token is needed'],
  forbidden: [403, 'You may not do this'],
  'not-found': [404, 'There is no such thing here'],
  conflict: [409, 'This does not fit the present state'],
  'too-large': [413, 'The body is too large'],
  'unsupported-media-type': [415, 'The content type is not supported'],
  'idempotency-key-reused': [422, 'The idempotency key belongs to another request'],
  internal: [500, 'Something went wrong on our side'],
  unavailable: [503, 'A part of the system is away'],
} as const satisfies Record<RequestErrorKind, readonly [number, string]>;
/** The answer of a problem, with the request's id to quote to an operator. */
export function problemResponse(
  c: Context,
  kind: RequestErrorKind,
  detail: string,
  errors?: Problem['errors'],
): Response {
  const [status, title] = KINDS[kind];
  const requestId: unknown = c.get('requestId');
  const body: Problem = {
    type: `/problems/${kind}`,
    title,
    status,
    detail,
    instance: c.req.path,
    ...(typeof requestId === 'string' && { requestId }),
    ...(errors && { errors }),
  };
  const headers: Record<string, string> = { 'content-type': 'application/problem+json' };
  if (status === 401) headers['www-authenticate'] = 'Bearer';
  if (status === 503) headers['retry-after'] = '5';
  return c.body(JSON.stringify(body), status, headers);
}

/** What zod found, as the fields a person can mend. */
export const fromZod = (error: z.ZodError): NonNullable<Problem['errors']> =>
  error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }));

export const invalidRequest = (error: z.core.$ZodError): RequestError => {
  const errors = fromZod(error as z.ZodError);
  const first = errors[0];
  return new RequestError(
    'invalid-request',
    first ? [first.path, first.message].filter(Boolean).join(': ') : 'Not valid.',
    errors,
  );
};

export interface ErrorDeps {
  readonly log: Logger;
  /** Whether asking again later can help. */
  readonly isDatabaseAway: (error: unknown) => boolean;
}

/** The one place where errors become answers. What is not a problem is a bug: logged whole, told without its insides. */
export const onError =
  ({ log, isDatabaseAway }: ErrorDeps): ErrorHandler =>
  (error, c) => {
    if (error instanceof RequestError) return problemResponse(c, error.kind, error.message, error.errors);
    if (error instanceof HTTPException) return fromHttpException(c, error);
    if (isUnstorable(error)) {
      log.warn({ err: error, requestId: c.get('requestId'), path: c.req.path }, 'a value could not be kept');
      return problemResponse(c, 'invalid-request', 'A value is too long, too large, or no text. Nothing was written.');
    }
    log.error({ err: error, requestId: c.get('requestId'), path: c.req.path }, 'a request failed');
    if (isDatabaseAway(error))
      return problemResponse(
        c,
        'unavailable',
        'The database is away or busy. Nothing was accepted; please try again in a few seconds.',
      );
    return problemResponse(c, 'internal', 'The request failed and is logged. Nothing was saved. Please try again.');
  };

/** SQLSTATEs of values that Postgres cannot keep; whoever lets them through should have refused them by their names. */
const UNSTORABLE = /^(22001|22003|22007|22008|22009|22021|22P02|22P05|54000)$/;
const isUnstorable = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && UNSTORABLE.test(String(error.code));

function fromHttpException(c: Context, error: HTTPException): Response {
  if (error.status === 413) return problemResponse(c, 'too-large', 'The body is larger than this address accepts.');
  if (error.status === 400 && /json/i.test(error.message))
    return problemResponse(
      c,
      'malformed-json',
      'The body could not be read as JSON. Check its quotes, commas and brackets.',
    );
  return problemResponse(
    c,
    error.status < 500 ? 'invalid-request' : 'internal',
    error.message || 'The request failed.',
  );
}
