/**
 * What authorization servers say in words of their own for the errors of RFC 6749: github.com, slack.com, Salesforce and
 * others. Only these are translated; what nobody knows is left, and passes for a fault of theirs.
 */
const MEANS = new Map([
  ...[
    'bad_refresh_token',
    'bad_verification_code',
    'code_already_used',
    'code_expired',
    'expired_access/refresh token',
    'invalid_code',
    'invalid_refresh_token',
    'refresh_token_expired',
    'token_expired',
    'token_revoked',
  ].map((word) => [word, 'invalid_grant'] as const),
  ...[
    'bad_client_secret',
    'client_not_found',
    'incorrect_client_credentials',
    'invalid_client_credentials',
    'invalid_client_id',
    'unknown_client',
  ].map((word) => [word, 'invalid_client'] as const),
  ['bad_redirect_uri', 'invalid_request'],
  ['redirect_uri_mismatch', 'invalid_request'],
]);

type Said = Readonly<Record<string, unknown>>;

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;

/** JSON whatever the answer calls itself, or a form as github.com answers; undefined for a page. */
export function parseAnswer(text: string): Said | undefined {
  const trimmed = text.trim();
  try {
    const value: unknown = JSON.parse(trimmed);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Said;
  } catch {
    // Not JSON.
  }
  return /^[\w.]+=[^<>\s]*$/.test(trimmed) ? Object.fromEntries(new URLSearchParams(trimmed)) : undefined;
}

/** The error as RFC 6749 names it; undefined where none is named. */
export function errorCodeOf(said: Said | undefined): string | undefined {
  const error = said?.['error'];
  const inner = typeof error === 'object' && error !== null ? (error as Said) : undefined;
  const word = (textOf(error) ?? textOf(inner?.['code']) ?? textOf(inner?.['type']))?.toLowerCase();
  return word === undefined ? undefined : (MEANS.get(word) ?? word);
}

/** Longer lives say nothing: nobody keeps a token that long. */
const MAX_SECONDS = 10 * 365 * 24 * 3_600;

/** Seconds; undefined where the server does not say, or says a time that is none: then the token is good until it is refused. */
function secondsOf(value: unknown): number | undefined {
  const seconds = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof seconds !== 'number' || !Number.isFinite(seconds) || seconds <= 0) return undefined;
  return Math.min(seconds, MAX_SECONDS);
}

const scopeOf = (value: unknown): string | undefined =>
  Array.isArray(value) ? textOf(value.filter((word) => typeof word === 'string').join(' ')) : textOf(value);

/**
 * The tokens of an answer, with what is null, empty or of another kind taken for not said: by then the code or the
 * refresh token is spent, and what it has brought must not be lost over a detail. Undefined where there is no token.
 */
export function tokensOf(said: Said | undefined): Record<string, unknown> | undefined {
  // Slack gives the token of a person inside of what it gives for the app.
  const inner = said?.['authed_user'] as Said | null | undefined;
  const given = textOf(said?.['access_token']) || typeof inner !== 'object' || inner === null ? said : inner;
  const accessToken = textOf(given?.['access_token']);
  if (!given || accessToken === undefined) return undefined;
  const [refreshToken, scope] = [textOf(given['refresh_token']), scopeOf(given['scope'])];
  const seconds = secondsOf(given['expires_in']);
  return {
    access_token: accessToken,
    token_type: textOf(given['token_type']) ?? 'Bearer',
    ...(refreshToken !== undefined && { refresh_token: refreshToken }),
    ...(scope !== undefined && { scope }),
    ...(seconds !== undefined && { expires_in: seconds }),
  };
}
