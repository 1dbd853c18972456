import { createHmac } from 'node:crypto';

/** The value of `x-slack-signature` for a raw body sent at a time given in seconds. */
export const signSlackRequest = (secret: string, timestampSeconds: number, rawBody: string): string =>
  `v0=${createHmac('sha256', secret).update(`v0:${timestampSeconds}:${rawBody}`).digest('hex')}`;
