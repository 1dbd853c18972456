import type { ProviderAnswer } from '../../../dev/fakes/provider/types.ts';

/** Thrown by a resolver; becomes an error of GraphQL as Linear words it. */
export class LinearRefusalError extends Error {}

interface Kind {
  readonly code: string;
  readonly type: string;
  readonly message: string;
}

const KINDS: Readonly<Record<number, Kind>> = {
  400: { code: 'INPUT_ERROR', type: 'invalid input', message: 'Argument Validation Error' },
  401: {
    code: 'AUTHENTICATION_ERROR',
    type: 'authentication error',
    message: 'Authentication required, not authenticated',
  },
  403: { code: 'FORBIDDEN', type: 'forbidden', message: 'Forbidden' },
  429: { code: 'RATELIMITED', type: 'ratelimited', message: 'Rate limit exceeded.' },
  500: { code: 'INTERNAL_SERVER_ERROR', type: 'internal error', message: 'Internal server error' },
};

const errorBody = ({ code, type, message }: Kind, statusCode: number) => ({
  data: null,
  errors: [
    {
      message,
      extensions: { type, code, statusCode, userError: statusCode < 500, userPresentableMessage: message },
    },
  ],
});

/** Linear tells limits with HTTP 400; gateways before it answer without GraphQL. */
export function failure(status: number, retryAfterSeconds?: number): ProviderAnswer {
  const kind = KINDS[status];
  if (!kind) return { status, body: { error: 'upstream connect error' } };
  if (status !== 429) return { status, body: errorBody(kind, status) };
  const seconds = retryAfterSeconds ?? 3600;
  return {
    status: 400,
    body: errorBody(kind, 400),
    headers: {
      ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(seconds) }),
      'x-ratelimit-requests-limit': '2500',
      'x-ratelimit-requests-remaining': '0',
      'x-ratelimit-requests-reset': String(Date.now() + seconds * 1000),
    },
  };
}

export const refusal = (message: string): ProviderAnswer => ({
  status: 200,
  body: errorBody({ code: 'INPUT_ERROR', type: 'invalid input', message }, 400),
});
