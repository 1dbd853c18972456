/** Calls per minute of Slack's tiers, counted per method and workspace. */
const TIER = { 2: 20, 3: 50, 4: 100 } as const;

const PER_MINUTE: Readonly<Record<string, number>> = {
  'auth.test': 600,
  'chat.postMessage': 300,
  'chat.update': TIER[3],
  'chat.delete': TIER[3],
  'chat.postEphemeral': TIER[4],
  'chat.getPermalink': 300,
  'conversations.info': TIER[3],
  'conversations.list': TIER[2],
  'conversations.history': TIER[3],
  'conversations.replies': TIER[3],
  'conversations.open': TIER[3],
  'users.info': TIER[4],
  'users.conversations': TIER[3],
  'users.list': TIER[2],
  'reactions.add': TIER[3],
  'apps.connections.open': TIER[2],
  'team.info': TIER[3],
};

const WINDOW_MS = 60_000;
const POST_BURST = 5;

export interface RateLimits {
  /** Seconds to wait, or undefined when the call is let through and counted. */
  take(method: string, team: string, channel?: string): number | undefined;
}

/** A minute's window per method and workspace; posting also fills a bucket of five per channel, one back per second. */
export function createRateLimits(): RateLimits {
  const windows = new Map<string, number[]>();
  const buckets = new Map<string, { tokens: number; at: number }>();

  const channelWait = (key: string, now: number): number | undefined => {
    const bucket = buckets.get(key) ?? { tokens: POST_BURST, at: now };
    const tokens = Math.min(POST_BURST, bucket.tokens + (now - bucket.at) / 1000);
    const allowed = tokens >= 1;
    buckets.set(key, { tokens: allowed ? tokens - 1 : tokens, at: now });
    return allowed ? undefined : Math.max(1, Math.ceil(1 - tokens));
  };

  return {
    take(method, team, channel) {
      const now = Date.now();
      const key = `${method} ${team}`;
      const recent = (windows.get(key) ?? []).filter((at) => at > now - WINDOW_MS);
      windows.set(key, recent);
      const oldest = recent[0];
      if (oldest !== undefined && recent.length >= (PER_MINUTE[method] ?? TIER[3]))
        return Math.max(1, Math.ceil((oldest + WINDOW_MS - now) / 1000));
      const wait = method === 'chat.postMessage' && channel ? channelWait(`${team} ${channel}`, now) : undefined;
      if (wait === undefined) recent.push(now);
      return wait;
    },
  };
}
