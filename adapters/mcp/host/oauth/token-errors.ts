import {
  InvalidGrantError,
  OAuthError,
  ServerError,
  TemporarilyUnavailableError,
  TooManyRequestsError,
} from '@modelcontextprotocol/sdk/server/auth/errors.js';
import { ToolCallError } from '../../../../domain/tools/mcp-connection-port.ts';
import { GrantError } from '../../../../domain/connections/grant-port.ts';

const PASSING = [ServerError, TemporarilyUnavailableError, TooManyRequestsError];

/** The one translator of what token endpoints answer. Only `invalid_grant` says that a grant is over. */
export function toGrantError(error: unknown, issuer: string): GrantError {
  if (error instanceof GrantError) return error;
  const host = URL.canParse(issuer) ? new URL(issuer).host : 'the authorization server';
  if (error instanceof InvalidGrantError)
    return new GrantError('over', `Access was taken back or has ended at ${host}. Somebody has to grant it again.`);
  if (PASSING.some((kind) => error instanceof kind))
    return new GrantError('passing', `${host} had a fault of its own. It is asked again with the next call.`);
  if (error instanceof OAuthError)
    return new GrantError('refused', `${host} refused: ${error.errorCode}. Check the client of this connection there.`);
  return new GrantError('passing', `What ${host} answered is no grant. It is asked again with the next call.`);
}

/** What a call is told about it. */
export function toToolCallError(error: unknown): unknown {
  if (!(error instanceof GrantError)) return error;
  return new ToolCallError(error.fault === 'passing' ? 'unavailable' : 'reconnect', error.message, {
    ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }),
    cause: error,
  });
}
