import { GraphQLClientError, LinearSdk, parseLinearError } from '@linear/sdk';
import type { ClientSettings } from '../define.ts';
import { cancellable } from '../provider-calls.ts';

export const LINEAR_URL = 'https://api.linear.app/graphql';

/** One GraphQL request; throws what the SDK throws. */
type Ask = <Data>(document: string, variables?: Readonly<Record<string, unknown>>) => Promise<Data>;

/**
 * The SDK over a transport of ours: its own client knows only the global `fetch`, and `LinearSdk` takes any. `ask` is for
 * documents that get in one request what the SDK's models fetch relation by relation.
 */
export interface LinearToolClient {
  readonly sdk: LinearSdk;
  readonly ask: Ask;
}

export function createLinearClient({ token, url = LINEAR_URL, fetch }: ClientSettings): LinearToolClient {
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
    throw parseLinearError(new GraphQLClientError(failed as never, { query, variables }));
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
