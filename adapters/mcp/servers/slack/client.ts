import { ownValue } from '../../../../contracts/json.ts';
import { slackWaitMsIn } from '../../../retry-after.ts';
import { WebAPIHTTPError, WebAPIPlatformError, WebAPIRateLimitedError, WebClient } from '@slack/web-api';
import { SILENT } from '../../../slack/slack-port.ts';
import { type ClientSettings, ProviderError } from '../define.ts';
import { cancellable, providerCalls } from '../provider-calls.ts';

export type SlackClient = WebClient;

/** A client that never waits or retries by itself. */
export function createSlackToolClient({ token, url, fetch }: ClientSettings): SlackClient {
  const guarded = cancellable(fetch);
  return new WebClient(token, {
    ...(url ? { slackApiUrl: url } : {}),
    allowAbsoluteUrls: false,
    rejectRateLimitedCalls: true,
    retryConfig: { retries: 0 },
    logger: SILENT,
    fetch: (to, init) => guarded(to, init),
  });
}

const OVER = new Set(['not_authed', 'invalid_auth', 'account_inactive', 'token_revoked', 'token_expired']);
/** Faults of Slack itself, told in an answer with status 200. */
const SLACK_FAULTS = new Set(['internal_error', 'fatal_error', 'service_unavailable', 'request_timeout']);

/** What a person or a model can do about a refusal. */
const ADVICE: Readonly<Record<string, string>> = {
  channel_not_found: 'There is no such channel that the app can see. Use getChannels, or invite the app to it.',
  not_in_channel: 'The app is not a member of this channel. Invite it there first: /invite @app.',
  is_archived: 'This channel is archived: nothing can be written there.',
  message_not_found: 'There is no message with this ts in this channel.',
  thread_not_found: 'There is no thread with this ts in this channel.',
  invalid_thread_ts: 'This is no ts of a message; it looks like 1700000000.123456.',
  cant_update_message: 'Only messages that this app has written can be changed.',
  cant_delete_message: 'Only messages that this app has written can be deleted.',
  edit_window_closed: 'The workspace does not let messages of this age be changed.',
  msg_too_long: 'The text is too long. Shorten it, or send the rest as thread replies.',
  no_text: 'The message is empty.',
  user_not_found: 'There is no such user. Use getUsers to find the id.',
  restricted_action: 'The workspace does not let apps write in this channel.',
  invalid_cursor: 'This cursor is not valid any more: begin again without one.',
};

/** The only place that knows Slack's errors. */
function toSlackFailure(error: unknown): ProviderError | undefined {
  if (error instanceof WebAPIRateLimitedError) return limited(error.retryAfter * 1000, error);
  if (error instanceof WebAPIHTTPError)
    return error.statusCode >= 500
      ? new ProviderError('unavailable', `Slack has a fault (HTTP ${error.statusCode}).`, { cause: error })
      : new ProviderError('refused', `Slack refused the request (HTTP ${error.statusCode}).`, { cause: error });
  if (error instanceof WebAPIPlatformError) return refusalOf(error);
  const waitMs = slackWaitMsIn(error, 30_000);
  return waitMs !== undefined && error instanceof Error ? limited(waitMs, error) : undefined;
}

const limited = (retryAfterMs: number, cause: Error) =>
  new ProviderError('rate_limited', `Slack takes no more calls for ${Math.ceil(retryAfterMs / 1000)} s.`, {
    retryAfterMs,
    cause,
  });

function refusalOf(error: WebAPIPlatformError): ProviderError {
  const { error: code, ...data } = error.data;
  const cause = error;
  if (OVER.has(code)) return new ProviderError('unauthorized', `Slack does not accept the token (${code}).`, { cause });
  if (code === 'ratelimited') return limited(30_000, error);
  // The SDK takes a body that is no JSON, such as a gateway's page, for an error's name.
  if (!/^[a-z0-9_]+$/.test(code)) return new ProviderError('unavailable', 'Slack answered with no JSON.', { cause });
  if (SLACK_FAULTS.has(code)) return new ProviderError('unavailable', `Slack has a fault (${code}).`, { cause });
  if (code === 'missing_scope') {
    const needed = 'needed' in data && typeof data.needed === 'string' ? data.needed : 'another scope';
    const text = `The Slack app lacks ${needed}. Add it under "OAuth & Permissions" and install the app again.`;
    return new ProviderError('refused', text, { cause });
  }
  const messages = data.response_metadata?.messages?.slice(0, 5).join('; ');
  const advice = ownValue(ADVICE, code) ?? messages ?? '';
  return new ProviderError('refused', `Slack refused it: ${code}. ${advice}`.trim(), { cause });
}

export const { read, write } = providerCalls('Slack', toSlackFailure);

/** Slack's own word for a refusal. */
export const slackCodeOf = (error: unknown): string | undefined =>
  error instanceof ProviderError && error.cause instanceof WebAPIPlatformError ? error.cause.data.error : undefined;
