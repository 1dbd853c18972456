import type { ProviderAnswer, ProviderCall } from '../../../dev/fakes/provider/types.ts';

const DOCS = 'https://docs.github.com/rest';

const MESSAGES: Readonly<Record<number, string>> = {
  401: 'Bad credentials',
  403: 'Resource not accessible by personal access token',
  404: 'Not Found',
  410: 'Issues has been disabled in this repository.',
  429: 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
  500: 'Server Error',
  502: 'Server Error',
  503: 'Service Unavailable',
};

/** GitHub's body for a status. */
export const failure = (status: number, retryAfterSeconds?: number): ProviderAnswer => ({
  status,
  body: { message: MESSAGES[status] ?? 'Error', documentation_url: DOCS, status: String(status) },
  headers: {
    ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
    ...(status === 403 ? { 'x-accepted-github-permissions': 'issues=write' } : {}),
  },
});

/** The hour's requests are used up: 403 without `retry-after`, with the time of the next ones. */
export const exhausted = (resetSeconds: number): ProviderAnswer => ({
  status: 403,
  body: { message: 'API rate limit exceeded for user ID 1.', documentation_url: DOCS, status: '403' },
  headers: {
    'x-ratelimit-limit': '5000',
    'x-ratelimit-remaining': '0',
    'x-ratelimit-reset': String(Math.floor(Date.now() / 1000) + resetSeconds),
  },
});

export const invalid = (field: string, code: string): ProviderAnswer => ({
  status: 422,
  body: {
    message: 'Validation Failed',
    errors: [{ resource: 'Issue', field, code }],
    documentation_url: DOCS,
    status: '422',
  },
});

/** One page of a list, with GitHub's `link` header. */
export function pageOf(list: readonly unknown[], { query, path }: ProviderCall, base: string): ProviderAnswer {
  const perPage = Math.min(100, Math.max(1, Number(query.get('per_page') ?? 30)));
  const page = Math.max(1, Number(query.get('page') ?? 1));
  const last = Math.max(1, Math.ceil(list.length / perPage));
  const linkTo = (to: number, rel: string) => {
    const params = new URLSearchParams(query);
    params.set('page', String(to));
    return `<${base}${path}?${params}>; rel="${rel}"`;
  };
  const links = [
    ...(page > 1 ? [linkTo(page - 1, 'prev')] : []),
    ...(page < last ? [linkTo(page + 1, 'next'), linkTo(last, 'last')] : []),
  ];
  return {
    status: 200,
    body: list.slice((page - 1) * perPage, page * perPage),
    ...(links.length > 0 ? { headers: { link: links.join(', ') } } : {}),
  };
}
