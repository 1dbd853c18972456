import { LogLevel, WebClient, type Logger } from '@slack/web-api';

interface SlackClientSettings {
  readonly token: string;
  /** Another server that speaks Slack's Web API, for example `http://127.0.0.1:4020/api/`. */
  readonly apiUrl: string | undefined;
}

const nothing = () => {};
/** Its lines would stand as plain text between ours; what matters comes as an error. */
const SILENT: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  setLevel: nothing,
  getLevel: () => LogLevel.ERROR,
  setName: nothing,
};

/** A client that never waits or retries by itself: Temporal does both, with our own bucket before it. */
export const createSlackClient = ({ token, apiUrl }: SlackClientSettings): WebClient =>
  new WebClient(token, {
    ...(apiUrl && { slackApiUrl: apiUrl.endsWith('/') ? apiUrl : `${apiUrl}/` }),
    allowAbsoluteUrls: false,
    rejectRateLimitedCalls: true,
    retryConfig: { retries: 0 },
    timeout: 10_000,
    logger: SILENT,
  });
