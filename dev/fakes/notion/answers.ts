import { randomUUID } from 'node:crypto';
import type { ProviderAnswer } from '../provider/types.ts';

/** Thrown while a request is carried out; becomes an error as Notion words it. */
export class NotionRefusalError extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export const invalid = (message: string): NotionRefusalError =>
  new NotionRefusalError(400, 'validation_error', message);
export const missing = (what: string, id: string): NotionRefusalError =>
  new NotionRefusalError(
    404,
    'object_not_found',
    `Could not find ${what} with ID: ${id}. Make sure the relevant pages and databases are shared with your integration "Nubabel".`,
  );

export const refusal = ({ status, code, message }: NotionRefusalError): ProviderAnswer => ({
  status,
  body: { object: 'error', status, code, message, request_id: randomUUID() },
});

const CODES: Readonly<Record<number, readonly [code: string, message: string]>> = {
  401: ['unauthorized', 'API token is invalid.'],
  403: ['restricted_resource', 'Insufficient permissions for this endpoint.'],
  409: ['conflict_error', 'Conflict occurred while saving. Please try again.'],
  429: ['rate_limited', 'You have been rate limited. Please try again in a few minutes.'],
  500: ['internal_server_error', 'Unexpected error occurred.'],
  503: ['service_unavailable', 'Notion is unavailable, please try again later.'],
  504: ['gateway_timeout', 'Gateway timed out.'],
  529: ['service_overload', 'Notion is overloaded, please try again later.'],
};

/** Notion's body for a status; a gateway before it answers with HTML. */
export function failure(status: number, retryAfterSeconds?: number): ProviderAnswer {
  const [code, message] = CODES[status] ?? [];
  if (!code || !message) return { status, body: '<html>Bad Gateway</html>' };
  const retry = retryAfterSeconds === undefined ? {} : { headers: { 'retry-after': String(retryAfterSeconds) } };
  return { ...refusal(new NotionRefusalError(status, code, message)), ...retry };
}

/** One page of a list. The cursor is the id of the next item, as it is at Notion. */
export function listOf(
  kind: string,
  items: readonly { readonly id: string }[],
  { size, cursor }: { readonly size: unknown; readonly cursor: unknown },
): ProviderAnswer {
  const pageSize = size === undefined || size === null ? 100 : Number(size);
  if (!Number.isInteger(pageSize) || pageSize < 1 || pageSize > 100)
    throw invalid('body failed validation: body.page_size should be ≤ `100`.');
  const start = typeof cursor === 'string' ? items.findIndex(({ id }) => id === cursor) : 0;
  if (start < 0) throw invalid('The start_cursor provided is invalid.');
  const next = items[start + pageSize];
  const results = items.slice(start, start + pageSize);
  const list = { object: 'list', results, next_cursor: next?.id ?? null, has_more: next !== undefined, type: kind };
  return { status: 200, body: { ...list, [kind]: {}, request_id: randomUUID() } };
}
