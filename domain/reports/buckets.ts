import type { Bucket } from '../../db/queries/slack.ts';

/**
 * Slack's limits per workspace and method, kept with a margin: `chat.update` is tier 3 (50 a minute and more),
 * `chat.postMessage` about one a second for each channel with short bursts (docs.slack.dev, rate limits).
 */
export function bucketFor(organizationId: string, teamId: string, channelId: string, isUpdate: boolean): Bucket {
  return isUpdate
    ? { organizationId, name: `${teamId}:chat.update`, intervalMs: 1_350, burst: 10 }
    : { organizationId, name: `${teamId}:chat.postMessage:${channelId}`, intervalMs: 1_000, burst: 4 };
}
