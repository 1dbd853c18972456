import { createHmac } from 'node:crypto';
import type { Delivery } from './types.ts';

/** The value of `x-slack-signature` for a raw body sent at a time given in seconds. */
export const signSlackRequest = (secret: string, timestampSeconds: number, rawBody: string): string =>
  `v0=${createHmac('sha256', secret).update(`v0:${timestampSeconds}:${rawBody}`).digest('hex')}`;

/** Changes to a signed request, for attacks. A header set to null is left out. */
export interface Tampering {
  readonly signingSecret?: string;
  /** Seconds. */
  readonly timestamp?: number;
  readonly headers?: Readonly<Record<string, string | null>>;
}

export interface Post {
  readonly eventsUrl: string;
  readonly rawBody: string;
  readonly signingSecret: string;
  readonly timeoutMs: number;
  readonly retry?: { readonly attempt: number; readonly reason: string };
  readonly tampering?: Tampering;
  /** JSON unless told; interactions come as a form. */
  readonly contentType?: string;
}

type PostResult = Pick<Delivery, 'status' | 'ms' | 'reason' | 'body'> & { readonly noRetry: boolean };

/** Sends one signed request to the events URL and says how the app took it. */
export async function postEvent(post: Post): Promise<PostResult> {
  const startedAt = Date.now();
  const elapsed = () => Date.now() - startedAt;
  try {
    const response = await fetch(post.eventsUrl, {
      method: 'POST',
      headers: headersOf(post),
      body: post.rawBody,
      redirect: 'manual',
      signal: AbortSignal.timeout(post.timeoutMs),
    });
    const body = await response.text();
    const noRetry = response.headers.get('x-slack-no-retry') === '1';
    const failed = response.ok ? {} : { reason: 'http_error' as const };
    return { status: response.status, ms: elapsed(), body, noRetry, ...failed };
  } catch (error) {
    const timedOut = error instanceof DOMException && error.name === 'TimeoutError';
    return { status: 0, ms: elapsed(), reason: timedOut ? 'http_timeout' : 'connection_failed', noRetry: false };
  }
}

function headersOf({
  rawBody,
  signingSecret,
  retry,
  contentType = 'application/json',
  tampering = {},
}: Post): Record<string, string> {
  const { timestamp = Math.floor(Date.now() / 1000) } = tampering;
  const headers: Record<string, string | null> = {
    'content-type': contentType,
    'user-agent': 'Slackbot 1.0 (+https://api.slack.com/robots)',
    'x-slack-request-timestamp': String(timestamp),
    'x-slack-signature': signSlackRequest(tampering.signingSecret ?? signingSecret, timestamp, rawBody),
    ...(retry ? { 'x-slack-retry-num': String(retry.attempt), 'x-slack-retry-reason': retry.reason } : {}),
    ...tampering.headers,
  };
  return Object.fromEntries(Object.entries(headers).filter((pair): pair is [string, string] => pair[1] !== null));
}
