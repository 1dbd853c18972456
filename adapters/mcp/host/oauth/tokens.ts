import type { OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js';
import type { Tokens } from '../../../../domain/connections/auth-state.ts';

/** Renewed so long before its end, so that no call carries a token that ends on the way. */
export const EARLY_MS = 60_000;
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
