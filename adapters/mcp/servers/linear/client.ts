import type { LinearError, LinearErrorType, LinearSdk, RatelimitedLinearError } from '@linear/sdk';
import { type ClientSettings, ProviderError } from '../define.ts';
import { cancellable, providerCalls } from '../provider-calls.ts';

export const LINEAR_URL = 'https://api.linear.app/graphql';

/** One GraphQL request; throws what the SDK throws. */
type Ask = <Data>(document: string, variables?: Readonly<Record<string, unknown>>) => Promise<Data>;

/**
 * The SDK over a transport of ours: its own client knows only the global `fetch`, and `LinearSdk` takes any. `ask` is for
 * documents that get in one request what the SDK's models fetch relation by relation. The SDK is loaded with the first
 * client: it is three megabytes of source, and most processes never need it.
 */
export interface LinearToolClient {
  readonly sdk: LinearSdk;
  readonly ask: Ask;
}

export async function createLinearClient(given: ClientSettings): Promise<LinearToolClient> {
  const { token, url = LINEAR_URL, fetch } = given;
  const { GraphQLClientError, LinearSdk, parseLinearError } = await import('@linear/sdk');
  const guarded = cancellable(fetch);
  // Personal keys go as they are, tokens of OAuth as bearers.
  const authorization = token.startsWith('lin_api_') ? token : `Bearer ${token}`;
  const ask = async <Data>(query: string, variables: Readonly<Record<string, unknown>> = {}): Promise<Data> => {
    const headers = { 'content-type': 'application/json', authorization };
    const response = await guarded(url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
    const text = await response.text();
    const result = parse(text);
    if (response.ok && result?.data && !result.errors) return result.data as Data;
    // Something was done and something failed: whether it is what was asked for is not known.
    if (isPartial(result?.data)) throw new Error('Linear answered with data and errors.');
    const failed = { ...(result ?? { error: text.slice(0, 200) }), status: response.status, headers: response.headers };
    throw toLinearFailure(parseLinearError(new GraphQLClientError(failed as never, { query, variables })));
  };
  const sdk = new LinearSdk((document, variables) => ask(String(document), variables ?? {}));
  return { sdk, ask };
}

function parse(text: string): { readonly data?: unknown; readonly errors?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

const isPartial = (data: unknown): boolean =>
  typeof data === 'object' && data !== null && Object.values(data).some((value) => value !== null);

/** Linear's limits are per hour; without a time of its own a minute is waited. */
const USUAL_WAIT_MS = 60_000;

/** The SDK's names of errors, without the SDK. */
type ErrorType = `${LinearErrorType}`;

/** Faults of Linear itself. */
const LINEAR_FAULTS: ReadonlySet<ErrorType | undefined> = new Set<ErrorType>([
  'InternalError',
  'NetworkError',
  'BootstrapError',
  'LockTimeout',
]);

const isLimit = (error: LinearError): error is RatelimitedLinearError => isOfType(error, 'Ratelimited');
const isOfType = ({ type }: LinearError, ...types: readonly ErrorType[]) => types.some((each) => each === type);

/** The only place that knows Linear's errors. */
function toLinearFailure(error: LinearError): ProviderError {
  const { type, status = 0 } = error;
  const detail = (error.errors?.[0]?.message ?? error.message).slice(0, 500);
  const cause = error;
  if (isLimit(error)) return limited(error);
  if (isOfType(error, 'AuthenticationError') || status === 401)
    return new ProviderError('unauthorized', `Linear does not accept the key: ${detail}`, { cause });
  const senseless = status < 400 && !error.errors?.length;
  if (LINEAR_FAULTS.has(type) || status >= 500 || senseless)
    return new ProviderError('unavailable', `Linear has a fault: ${detail}`, { cause });
  if (isOfType(error, 'Forbidden', 'FeatureNotAccessible'))
    return new ProviderError(
      'refused',
      `Linear does not allow it: ${detail} The key needs the scopes read and write, and access to the team.`,
      { cause },
    );
  return new ProviderError('refused', `Linear refused it: ${detail}`, { cause });
}

function limited(cause: RatelimitedLinearError): ProviderError {
  const { retryAfter, requestsResetAt, requestsRemaining, complexityResetAt } = cause;
  const resetAt = requestsRemaining === 0 ? requestsResetAt : (complexityResetAt ?? requestsResetAt);
  const untilReset = resetAt === undefined ? USUAL_WAIT_MS : Math.max(0, resetAt - Date.now());
  const retryAfterMs = retryAfter === undefined ? untilReset : retryAfter * 1000;
  return new ProviderError('rate_limited', `Linear takes no more requests for ${Math.ceil(retryAfterMs / 1000)} s.`, {
    retryAfterMs,
    cause,
  });
}

/** What has no answer has no translation either: those with one are translated where they come in. */
export const { read, write } = providerCalls('Linear', () => undefined);

/** Whether Linear answered that something in the request is wrong, such as an id that is not there or is taken. */
export const isInvalidInput = (error: unknown): boolean =>
  error instanceof ProviderError && error.cause instanceof Error && isOfType(error.cause, 'InvalidInput', 'UserError');
