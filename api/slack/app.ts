import { App, type Receiver } from '@slack/bolt';
import { SocketModeClient } from '@slack/socket-mode';
import type { WebClient } from '@slack/web-api';
import { findWorkspace } from '../../db/queries/people.ts';
import { handleMessage, type SlackDoor } from './listeners.ts';
import { teamOf, toHeardMessage, type Envelope } from './message.ts';
import type { WorkspaceMapping } from './workspace.ts';

export interface SlackApp {
  readonly door: SlackDoor;
  readonly botToken: string;
  readonly mapping: WorkspaceMapping;
}

/**
 * The Bolt application on a receiver of ours: it only hears, and what it hears is accepted before the listener returns.
 * An error goes back through the receiver, so that Slack delivers again.
 */
export async function createSlackApp(slack: SlackApp, receiver: Receiver): Promise<App> {
  const app = new App({
    receiver,
    deferInitialization: true,
    authorize: () => Promise.resolve({ botToken: slack.botToken, botUserId: slack.mapping.botUserId() }),
  });
  await app.init();
  app.event('app_mention', ({ event, body }) => listen(slack, event, body));
  app.event('message', ({ event, body }) => listen(slack, event, body));
  app.error((error) => Promise.reject(error.original ?? error));
  return app;
}

async function listen(slack: SlackApp, event: unknown, envelope: Envelope): Promise<void> {
  await slack.mapping.settled();
  const workspace = await findWorkspace(slack.door.db, teamOf(envelope));
  if (!workspace) {
    slack.door.log.warn({ teamId: teamOf(envelope) }, 'an event came from a workspace that no organization has');
    return;
  }
  const heard = toHeardMessage(event, envelope, workspace.botUserId);
  if (heard) await handleMessage(slack.door, workspace, heard);
}

/** Bolt behind a Socket Mode connection: acknowledged only after the listeners have accepted. */
export function createSocketReceiver(appToken: string, client: WebClient, onError: (error: unknown) => void): Receiver {
  const socket = new SocketModeClient({
    appToken,
    clientOptions: { slackApiUrl: client.slackApiUrl, rejectRateLimitedCalls: true },
  });
  return {
    init: (app) => {
      socket.on('slack_event', ({ ack, body, retry_num: retryNum, retry_reason: retryReason }: SocketEvent) => {
        app
          .processEvent({ body, ack: () => Promise.resolve(), retryNum, retryReason })
          .then(() => ack())
          .catch(onError);
      });
    },
    start: () => socket.start(),
    stop: () => socket.disconnect(),
  };
}

interface SocketEvent {
  readonly ack: () => Promise<void>;
  readonly body: Record<string, unknown>;
  readonly retry_num?: number;
  readonly retry_reason?: string;
}

/** Remembers the newest keys, so that a repetition can be told from news. */
export function createRecentKeys(most: number): (key: string) => boolean {
  const seen = new Set<string>();
  return (key) => {
    if (seen.has(key)) return false;
    seen.add(key);
    const oldest = seen.size > most ? seen.values().next().value : undefined;
    if (oldest !== undefined) seen.delete(oldest);
    return true;
  };
}
