import type { OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js';
import type { OAuthClient, Tokens } from '../../../../domain/connections/grant-state.ts';
import {
  InvalidClientError,
  InvalidGrantError,
  OAuthError,
  ServerError,
  TemporarilyUnavailableError,
  TooManyRequestsError,
  UnauthorizedClientError,
} from '@modelcontextprotocol/sdk/server/auth/errors.js';
import { ToolCallError } from '../../../../domain/tools/tool-ports.ts';
import { GrantError, isRegistration } from '../../../../domain/connections/connection-ports.ts';

/** Renewed so long before its end, so that no call carries a token that ends on the way. */
const EARLY_MS = 60_000;
/** A token that lives shorter than twice `EARLY_MS` is used for half of its life. */
const SHARE = 0.5;

/** What a token endpoint gave; a refresh token or scope that it does not repeat stays as it was. */
export function toTokens(given: OAuthTokens, before: Tokens | undefined, now = Date.now()): Tokens {
  const refreshToken = given.refresh_token ?? before?.refreshToken;
  const scope = given.scope ?? before?.scope;
  const lifeMs = given.expires_in === undefined ? undefined : given.expires_in * 1_000;
  return {
    accessToken: given.access_token,
    ...(refreshToken && { refreshToken }),
    ...(scope && { scope }),
    ...(lifeMs !== undefined && {
      expiresAt: new Date(now + lifeMs).toISOString(),
      renewAt: new Date(now + Math.max(lifeMs - EARLY_MS, lifeMs * SHARE)).toISOString(),
    }),
  };
}

/** Due to be renewed; still good for a while where it says so. */
export const isDue = ({ renewAt }: Tokens, now = Date.now()): boolean =>
  renewAt !== undefined && Date.parse(renewAt) <= now;

export const isExpired = ({ expiresAt }: Tokens, now = Date.now()): boolean =>
  expiresAt !== undefined && Date.parse(expiresAt) <= now;

const PASSING = [ServerError, TemporarilyUnavailableError, TooManyRequestsError];

/** The one translator of what token endpoints answer. Only `invalid_grant` says that a grant is over. */
export function toGrantError(error: unknown, issuer: string, client?: OAuthClient): GrantError {
  if (error instanceof GrantError) return error;
  const host = URL.canParse(issuer) ? new URL(issuer).host : 'the authorization server';
  if (error instanceof InvalidGrantError)
    return new GrantError('over', `Access was revoked or has expired at ${host}. Somebody has to grant it again.`);
  if (PASSING.some((kind) => error instanceof kind))
    return new GrantError('passing', `${host} had a fault of its own. It is asked again with the next call.`);
  if ((error instanceof InvalidClientError || error instanceof UnauthorizedClientError) && client)
    return new GrantError('client', forgottenClient(host, error.errorCode, client));
  if (error instanceof OAuthError)
    return new GrantError('refused', `${host} refused: ${error.errorCode}. Check the client of this connection there.`);
  return new GrantError('passing', `What ${host} answered is no grant. It is asked again with the next call.`);
}

const forgottenClient = (host: string, code: string, client: OAuthClient): string =>
  isRegistration(client)
    ? `${host} does not know the registration of Nubabel any more (${code}). Nubabel registers again when somebody grants access again.`
    : `${host} does not take the client of this connection (${code}). Check its id and secret there, and enter them again.`;

/** What a call is told about it. */
export function toToolCallError(error: unknown): unknown {
  if (!(error instanceof GrantError)) return error;
  return new ToolCallError(error.fault === 'passing' ? 'unavailable' : 'reconnect', error.message, {
    ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }),
    cause: error,
  });
}
