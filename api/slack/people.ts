import type { WebClient } from '@slack/web-api';
import type { PrivateReply } from '../../domain/threads/handle-message.ts';
import type { SlackProfile } from '../../domain/threads/thread-message.ts';
import type { Logger } from '../../logging.ts';

/** Slack has three seconds for an acknowledgement; a profile that takes longer is looked up another time. */
const PROFILE_MS = 1_000;

/** What Slack says of a person; empty when it takes too long or fails. */
export async function loadProfile(client: WebClient, slackUserId: string): Promise<SlackProfile> {
  const late = new Promise<SlackProfile>((resolve) => setTimeout(() => resolve({}), PROFILE_MS).unref());
  const asked = client.users
    .info({ user: slackUserId, include_locale: true })
    .then(({ user }): SlackProfile => ({
      name: user?.real_name ?? user?.name,
      locale: user?.locale,
      timeZone: user?.tz,
      isGuest: user?.is_restricted === true || user?.is_ultra_restricted === true,
    }))
    .catch((): SlackProfile => ({}));
  return Promise.race([asked, late]);
}

const MAX_RECENT = 5_000;

/** Posts what only one person sees. Best effort: it changes nothing, and the acknowledgement does not wait for it. */
export function createEphemeralPoster({ client, log }: { client: WebClient; log: Logger }) {
  const isNew = createRecentKeys(MAX_RECENT);
  return ({ message: { channelId, threadTs, ts, slackUserId }, text }: PrivateReply): void => {
    // One mention arrives as two events, and Slack repeats what it thinks was lost.
    if (!isNew(`${channelId}:${ts}`)) return;
    void client.chat
      .postEphemeral({
        channel: channelId,
        user: slackUserId,
        thread_ts: threadTs,
        text,
        parse: 'none',
        link_names: false,
      })
      .catch((error: unknown) => log.warn({ err: error }, 'Slack did not take an ephemeral message'));
  };
}

/** Remembers the newest keys, so that a repetition can be told from news. */
function createRecentKeys(max: number): (key: string) => boolean {
  const seen = new Set<string>();
  return (key) => {
    if (seen.has(key)) return false;
    seen.add(key);
    const oldest = seen.size > max ? seen.values().next().value : undefined;
    if (oldest !== undefined) seen.delete(oldest);
    return true;
  };
}
