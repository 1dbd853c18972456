import {
  APIErrorCode,
  APIResponseError,
  Client,
  InvalidPathParameterError,
  LogLevel,
  UnknownHTTPResponseError,
} from '@notionhq/client';
import { type ClientSettings, ProviderError } from '../define.ts';
import { cancellable, providerCalls } from '../provider-calls.ts';
import { waitMsIn } from '../../../retry-after.ts';

export type NotionClient = Client;

/** A client that never waits or retries by itself, and writes no lines of its own. */
export function createNotionClient({ token, url, fetch }: ClientSettings): NotionClient {
  const guarded = cancellable(fetch);
  return new Client({
    auth: token,
    ...(url ? { baseUrl: url.replace(/\/+$/, '') } : {}),
    retry: false,
    logLevel: LogLevel.ERROR,
    logger: () => {},
    fetch: (to, { method, headers, body } = {}) =>
      guarded(to, { ...(method ? { method } : {}), ...(headers ? { headers } : {}), ...(body ? { body } : {}) }),
  });
}

/** Notion names the time with its limits; without one half a minute is waited. */
const USUAL_WAIT_MS = 30_000;

/** The only place that knows Notion's errors. */
function toNotionFailure(error: unknown): ProviderError | undefined {
  if (error instanceof InvalidPathParameterError)
    return new ProviderError('refused', 'This is no id of Notion.', { cause: error });
  // A gateway before Notion, or our own limit of requests: no word of Notion.
  if (error instanceof UnknownHTTPResponseError && error.status === 429) return limited(error);
  if (error instanceof UnknownHTTPResponseError)
    return error.status >= 500
      ? new ProviderError('unavailable', `Notion has a fault (HTTP ${error.status}).`, { cause: error })
      : new ProviderError('refused', `Notion refused the request (HTTP ${error.status}).`, { cause: error });
  return error instanceof APIResponseError ? answered(error) : undefined;
}

function answered(cause: APIResponseError): ProviderError {
  const detail = cause.message.slice(0, 500);
  switch (cause.code) {
    case APIErrorCode.Unauthorized:
      return new ProviderError('unauthorized', `Notion does not accept the token: ${detail}`, { cause });
    case APIErrorCode.RateLimited:
    case APIErrorCode.ServiceOverload:
      return limited(cause);
    case APIErrorCode.InternalServerError:
    case APIErrorCode.ServiceUnavailable:
    case APIErrorCode.GatewayTimeout:
      return new ProviderError('unavailable', `Notion has a fault (${cause.code}).`, { cause });
    case APIErrorCode.RestrictedResource:
      return new ProviderError(
        'refused',
        `The integration lacks a capability: ${detail} Give it the capabilities to read, update and insert content and to read user information with email addresses, at notion.so/profile/integrations.`,
        { cause },
      );
    case APIErrorCode.ConflictError:
      return new ProviderError('refused', 'Somebody changed this in Notion at the same moment. Try it again.', {
        cause,
      });
    case APIErrorCode.ObjectNotFound:
    case APIErrorCode.InvalidJSON:
    case APIErrorCode.InvalidRequestURL:
    case APIErrorCode.InvalidRequest:
    case APIErrorCode.InvalidBeta:
    case APIErrorCode.ValidationError:
    default:
      return new ProviderError('refused', `Notion refused it: ${detail}`, { cause });
  }
}

function limited(cause: APIResponseError | UnknownHTTPResponseError): ProviderError {
  const retryAfterMs = waitMsIn(headersOf(cause.headers)) ?? USUAL_WAIT_MS;
  const text = `Notion takes no more requests for ${Math.ceil(retryAfterMs / 1000)} s.`;
  return new ProviderError('rate_limited', text, { retryAfterMs, cause });
}

/** Every `fetch` has headers of a class of its own. */
const headersOf = (headers: unknown): Headers | undefined =>
  typeof headers === 'object' && headers !== null && 'get' in headers && typeof headers.get === 'function'
    ? (headers as Headers)
    : undefined;

export const { read, write } = providerCalls('Notion', toNotionFailure);

/** Whether there is no such thing, or it is not shared with the integration: Notion does not tell the two apart. */
export const isNotFound = (error: unknown): boolean =>
  error instanceof ProviderError &&
  error.cause instanceof APIResponseError &&
  error.cause.code === APIErrorCode.ObjectNotFound;
