import { WebClient } from '@slack/web-api';

export interface SlackClientSettings {
  readonly token: string;
  /** Another server that speaks Slack's Web API, for example `http://127.0.0.1:4020/api/`. */
  readonly apiUrl: string | undefined;
}

/** A client that never waits or retries by itself: Temporal does both, with our own bucket before it. */
export const createSlackClient = ({ token, apiUrl }: SlackClientSettings): WebClient =>
  new WebClient(token, {
    ...(apiUrl && { slackApiUrl: apiUrl.endsWith('/') ? apiUrl : `${apiUrl}/` }),
    allowAbsoluteUrls: false,
    rejectRateLimitedCalls: true,
    retryConfig: { retries: 0 },
    timeout: 10_000,
  });
