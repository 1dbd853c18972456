import { App, type Receiver } from '@slack/bolt';
import { changeMessage, loseChannel } from '../../domain/threads/change-message.ts';
import { handleMessage, type ThreadReply, type ThreadDeps } from '../../domain/threads/handle-message.ts';
import { noteMembership } from '../../domain/organizations/memberships.ts';
import type { Logger } from '../../logging.ts';
import {
  isChange,
  peopleIn,
  teamOf,
  teamOfPress,
  toLostChannel,
  toMembership,
  toMessageChange,
  toPress,
  toThreadMessage,
  type Envelope,
} from './message.ts';
import type { WebClient } from '@slack/web-api';
import { createNameFinder, createReplier } from './people.ts';
import { createHonoReceiver, createSocketReceiver, markRead, type HonoReceiver } from './receivers.ts';
import type { DatabaseDeps } from '../../domain/deps.ts';
import { connectWorkspace } from '../../domain/organizations/organizations.ts';

interface SlackAppDeps extends ThreadDeps {
  readonly log: Logger;
  readonly botToken: string;
  readonly mapping: WorkspaceMapping;
  readonly giveReply: (reply: ThreadReply) => void;
  readonly findNames: ReturnType<typeof createNameFinder>;
}

/** After these nothing can be written to a channel. */
const CLOSING = ['channel_archive', 'group_archive', 'channel_left', 'group_left', 'member_left_channel'] as const;

/**
 * The Bolt application on a receiver of ours: what it is told is recorded before the listener returns. An error goes back
 * through the receiver, so that Slack delivers again.
 */
async function createSlackApp(deps: SlackAppDeps, receiver: Receiver): Promise<App> {
  const app = new App({
    receiver,
    deferInitialization: true,
    authorize: () => Promise.resolve({ botToken: deps.botToken, botUserId: deps.mapping.botUserId() }),
  });
  await app.init();
  const listen = async (event: unknown, envelope: Envelope): Promise<void> => {
    await deps.mapping.settled();
    const names = await deps.findNames(peopleIn(event, deps.mapping.botUserId()));
    const parse = (botUserId: string) => toThreadMessage(event, envelope, botUserId, names);
    const changed = (botUserId: string) => toMessageChange(event, botUserId, names);
    const reply =
      (await handleMessage(deps, teamOf(envelope), parse)) ??
      (isChange(event) ? await changeMessage(deps, teamOf(envelope), changed) : undefined);
    if (reply) deps.giveReply(reply);
  };
  app.use(markRead);
  app.event('app_mention', ({ event, body }) => listen(event, body));
  app.event('message', ({ event, body }) => listen(event, body));
  app.action({ type: 'block_actions' }, async ({ body }) => {
    await deps.mapping.settled();
    const teamId = teamOfPress(body);
    const reply = await handleMessage(deps, teamId, () => toPress(body, teamId));
    if (reply) deps.giveReply(reply);
  });
  for (const type of CLOSING)
    app.event(type, async ({ event, body }) => {
      await deps.mapping.settled();
      await loseChannel(deps, teamOf(body), (botUserId) => toLostChannel(event, botUserId));
    });
  for (const type of ['member_joined_channel', 'member_left_channel'] as const)
    app.event(type, async ({ event, body }) => {
      await deps.mapping.settled();
      const membership = toMembership(event, teamOf(body));
      if (membership) await noteMembership(deps, membership);
    });
  app.error((error) => Promise.reject(error.original ?? error));
  return app;
}

interface SlackSettings {
  readonly botToken: string;
  readonly signingSecret: string | undefined;
  readonly appToken: string | undefined;
  readonly unknownUsers: 'create' | 'reject';
  /** Whose organization the token's own workspace becomes. */
  readonly organizationId: string;
}

export interface OpenSlack {
  readonly receiver: Receiver;
  /** Absent in Socket Mode. */
  readonly http: HonoReceiver | undefined;
}

interface SlackDeps extends Omit<ThreadDeps, 'unknownUsers'> {
  readonly log: Logger;
  readonly client: WebClient;
}

/** Slack over HTTP, or over a socket when there is an app token. */
export async function openSlack(deps: SlackDeps, settings: SlackSettings): Promise<OpenSlack> {
  const { botToken, appToken, unknownUsers, organizationId } = settings;
  const { client, log } = deps;
  const onUnreadable = (error: unknown) => log.warn({ err: error }, 'a Slack delivery could not be read');
  const http = appToken ? undefined : createHonoReceiver(settings.signingSecret ?? '', onUnreadable);
  const onError = (error: unknown) => log.error({ err: error }, 'a Slack event failed and comes again');
  const receiver = http?.receiver ?? createSocketReceiver(appToken ?? '', client, onError);
  const mapping = mapOwnWorkspace(deps, organizationId);
  const replies = { giveReply: createReplier(deps), findNames: createNameFinder(client) };
  await createSlackApp({ ...deps, unknownUsers, ...replies, botToken, mapping }, receiver);
  await receiver.start();
  return { receiver, http };
}

interface WorkspaceMapping {
  /** Resolves when the token's workspace is known; rejects while Slack cannot say, so that the event comes again. */
  settled(): Promise<void>;
  botUserId(): string | undefined;
}

const RETRY_MS = 2_000;
/** Slack gives three seconds; waiting longer for the mapping would only time out. */
const MAX_WAIT_MS = 2_000;

/** Maps the bot token's own workspace to an organization, as soon as Slack answers. */
function mapOwnWorkspace(
  { db, client, log }: DatabaseDeps & { client: WebClient; log: Logger },
  organizationId: string,
): WorkspaceMapping {
  let botUserId: string | undefined;
  const mapped = (async () => {
    for (;;) {
      try {
        const { team_id: teamId, team, user_id: userId } = await client.auth.test();
        if (!teamId || !userId) throw new Error('Slack did not say whose token this is.');
        await connectWorkspace({ db }, organizationId, { teamId, name: team ?? teamId, botUserId: userId });
        botUserId = userId;
        return;
      } catch (error) {
        log.warn({ err: error }, 'the Slack workspace could not be mapped yet');
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
      }
    }
  })();
  return {
    botUserId: () => botUserId,
    settled: async () => {
      if (botUserId) return;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error('The Slack workspace is not known yet.')), MAX_WAIT_MS);
      });
      await Promise.race([mapped, late]).finally(() => clearTimeout(timer));
    },
  };
}
