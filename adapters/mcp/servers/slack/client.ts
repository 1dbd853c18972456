import { LogLevel, WebClient, type Logger } from '@slack/web-api';
import type { ClientSettings } from '../define.ts';
import { cancellable } from '../provider-calls.ts';

export type SlackClient = WebClient;

const nothing = () => {};
/** Its lines would carry texts of messages into our logs; what matters comes as an error. */
const SILENT: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  setLevel: nothing,
  getLevel: () => LogLevel.ERROR,
  setName: nothing,
};

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
