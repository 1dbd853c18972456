import { z } from 'zod';

/**
 * What Slack says of a person. Only members and guests of the workspace itself are people of the organization: `outside`
 * are those of other companies in shared channels.
 */
export type SlackStanding = 'member' | 'guest' | 'outside' | 'deactivated' | 'bot';

/** The person a request speaks for, as their token or their Slack id has shown. */
export interface Principal {
  readonly organizationId: string;
  readonly userId: string;
  readonly name: string;
  readonly role: 'admin' | 'user' | 'guest';
  readonly timeZone: string;
}

/** RFC 9457 problem details, as every error of the API answers. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  instance: z.string().optional(),
  requestId: z.string().optional(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});
export type Problem = z.infer<typeof Problem>;

export type RequestErrorKind =
  | 'invalid-request'
  | 'malformed-json'
  | 'reserved-word'
  | 'unauthorized'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'too-large'
  | 'unsupported-media-type'
  | 'idempotency-key-reused'
  | 'internal'
  | 'unavailable';

/** Why an answer or a word to running work does not count, for whoever says so in words of their own. */
type RequestErrorReason = 'role' | 'not_waiting' | 'not_named' | 'not_theirs' | 'other_question' | 'cut' | 'repeated';

/**
 * Why a request is refused, in a sentence for a person: what happened, what is safe, what to do next. The API answers
 * it as a problem of the same kind.
 */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly kind: RequestErrorKind;
  readonly errors: Problem['errors'];
  readonly reason: RequestErrorReason | undefined;
  constructor(kind: RequestErrorKind, message: string, errors?: Problem['errors'], reason?: RequestErrorReason) {
    super(message);
    this.kind = kind;
    this.errors = errors;
    this.reason = reason;
  }
}

/** One field that a person can mend. */
export const invalidField = (path: string, message: string): RequestError =>
  new RequestError('invalid-request', `${path}: ${message}`, [{ path, message }]);

/** Missing and foreign things answer alike, so that nobody learns what other organizations have. */
export const notFound = (what: string): RequestError =>
  new RequestError('not-found', `There is no ${what} with this id in your organization.`);

/** What admins may see of work that is neither theirs nor asks them; the rest of the organization sees none of it. */
export const AccessPolicy = z.strictObject({
  /** Everybody's jobs and conversations. */
  adminsSeeWork: z.boolean(),
  /** What other people's personal connections have answered. */
  adminsSeePersonal: z.boolean(),
});
export type AccessPolicy = z.infer<typeof AccessPolicy>;
