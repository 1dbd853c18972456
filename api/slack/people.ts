import { forgetOldest } from '../../contracts/forget-oldest.ts';
import type { KnownBlock, UsersInfoResponse, WebClient } from '@slack/web-api';
import type { SlackNames } from '../../contracts/slack-text.ts';
import type { SlackStanding } from '../../contracts/request.ts';
import type { SlackProfile } from '../../domain/organizations/people.ts';
import type { ThreadReply } from '../../domain/threads/handle-message.ts';
import type { Logger } from '../../logging.ts';

/** Slack has three seconds for an acknowledgement; a profile that takes longer is looked up another time. */
const PROFILE_MS = 2_000;

type SlackUser = NonNullable<UsersInfoResponse['user']> & { readonly is_stranger?: boolean };

/** What Slack says of a person of a workspace; empty when it takes too long or fails. */
export async function loadProfile(client: WebClient, teamId: string, slackUserId: string): Promise<SlackProfile> {
  const late = new Promise<SlackProfile>((resolve) => setTimeout(() => resolve({}), PROFILE_MS).unref());
  const ask = () => client.users.info({ user: slackUserId, include_locale: true });
  const asked = ask()
    // A connection that was just closed is no answer of Slack's: once more costs little, and a person their request.
    .catch((error: unknown) => (isConnectionLost(error) ? ask() : Promise.reject(error)))
    .then(({ user }): SlackProfile => ({
      name: user?.real_name ?? user?.name,
      locale: user?.locale,
      timeZone: user?.tz,
      standing: user && standingOf(user, teamId),
    }))
    .catch((): SlackProfile => ({}));
  return Promise.race([asked, late]);
}

/** Slack recommends pages of 200 and takes 999; somebody in more than 10,000 channels is believed in none. */
const PAGE_SIZE = 500;
const MAX_PAGES = 20;

/**
 * The conversations that somebody is a member of: public channels, and of the private ones those that we are in too.
 * @throws when Slack does not list all of them
 */
export async function listChannels(client: WebClient, teamId: string, slackUserId: string): Promise<readonly string[]> {
  const found: string[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const { channels, response_metadata: next } = await client.users.conversations({
      user: slackUserId,
      types: 'public_channel,private_channel',
      limit: PAGE_SIZE,
      ...(cursor && { cursor }),
    });
    if (!Array.isArray(channels)) throw new Error('Slack has listed no channels.');
    // The token is of one workspace: what it lists says nothing of another's people.
    const here = channels.filter(({ context_team_id: team }) => !team || team === teamId);
    found.push(...here.flatMap(({ id }) => (id ? [id] : [])));
    cursor = next?.next_cursor;
    if (!cursor) return found;
  }
  throw new Error('Somebody is in more channels than are looked at.');
}

/** `ErrorCode.RequestError` of @slack/web-api: nothing came back. */
const isConnectionLost = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'slack_webapi_request_error';

/** Undefined when Slack does not say where somebody belongs. */
function standingOf(user: SlackUser, teamId: string): SlackStanding | undefined {
  const { team_id: team, enterprise_user: enterprise } = user;
  if (user.deleted) return 'deactivated';
  if (user.is_bot || user.id === 'USLACKBOT') return 'bot';
  if (user.is_stranger) return 'outside';
  if (!team) return undefined;
  // In an enterprise somebody may belong to several workspaces, of which one is their home.
  if (team !== teamId && !enterprise?.teams?.includes(teamId)) return 'outside';
  return user.is_restricted || user.is_ultra_restricted ? 'guest' : 'member';
}

/** Names change seldom. */
const NAME_HOURS = 6;
const MAX_NAMES = 5_000;
/** Of one message; more are shown by their ids. */
const MAX_LOOKUPS = 10;

/** Finds out how people are called, from memory where it can. Best effort: whoever is not known in time keeps their id. */
export function createNameFinder(client: WebClient): (ids: readonly string[]) => Promise<SlackNames> {
  const known = new Map<string, { readonly name: string; readonly until: number }>();
  const nameOf = (id: string) => {
    const entry = known.get(id);
    return entry && entry.until > Date.now() ? entry.name : undefined;
  };
  const find = async (id: string): Promise<void> => {
    const { name } = await loadProfile(client, '', id);
    if (!name) return;
    known.delete(id);
    known.set(id, { name, until: Date.now() + NAME_HOURS * 3_600_000 });
    forgetOldest(known, MAX_NAMES);
  };
  return async (ids) => {
    const wanted = [...new Set(ids)].filter((id) => /^[UW][A-Z0-9_]+$/.test(id));
    await Promise.all(
      wanted
        .filter((id) => nameOf(id) === undefined)
        .slice(0, MAX_LOOKUPS)
        .map(find),
    );
    return new Map(wanted.map((id) => [id, nameOf(id) ?? id] as const).filter(([id, name]) => id !== name));
  };
}

const MAX_RECENT = 5_000;

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Slack's limits: 3,000 characters of a section, 75 of a button. */
const toBlocks = (text: string, buttons: NonNullable<ThreadReply['buttons']>): KnownBlock[] => [
  { type: 'section', text: { type: 'mrkdwn', text: text.slice(0, 3_000) } },
  {
    type: 'actions',
    elements: buttons.map(({ action, label, value }) => ({
      type: 'button',
      action_id: action,
      text: { type: 'plain_text', text: label.slice(0, 75) },
      value,
    })),
  },
];

/** Gives a person what only they see, and the receipt that everybody does. Best effort: the acknowledgement waits for neither. */
export function createReplier({ client, log }: { client: WebClient; log: Logger }) {
  const isNew = createRecentKeys(MAX_RECENT);
  return ({ message: { channelId, threadTs, ts, slackUserId }, text, buttons = [], reaction }: ThreadReply): void => {
    // One mention arrives as two events, and Slack repeats what it thinks was lost.
    if (!isNew(`${channelId}:${ts}:${buttons.map(({ action }) => action).join()}`)) return;
    if (reaction)
      void client.reactions.add({ channel: channelId, timestamp: ts, name: reaction }).catch((error: unknown) => {
        log.warn({ err: error }, 'Slack did not take a reaction');
      });
    if (!text) return;
    const shown = escaped(text);
    void client.chat
      .postEphemeral({
        channel: channelId,
        user: slackUserId,
        thread_ts: threadTs,
        text: shown,
        ...(buttons.length > 0 && { blocks: toBlocks(shown, buttons) }),
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
    forgetOldest(seen, max);
    return true;
  };
}
