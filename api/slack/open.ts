import type { Receiver } from '@slack/bolt';
import type { WebClient } from '@slack/web-api';
import type { ThreadDeps } from '../../domain/threads/handle-message.ts';
import type { Logger } from '../../logging.ts';
import { createSlackApp } from './app.ts';
import { createEphemeralPoster, loadProfile } from './people.ts';
import { createHonoReceiver, createSocketReceiver, type HonoReceiver } from './receivers.ts';
import { mapOwnWorkspace } from './workspace.ts';

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

interface SlackDeps extends Omit<ThreadDeps, 'loadProfile' | 'unknownUsers'> {
  readonly log: Logger;
  readonly client: WebClient;
}

/** Slack over HTTP, or over a socket when there is an app token. */
export async function openSlack(deps: SlackDeps, settings: SlackSettings): Promise<OpenSlack> {
  const { botToken, appToken, unknownUsers, organizationId } = settings;
  const { client, log } = deps;
  const http = appToken ? undefined : createHonoReceiver(settings.signingSecret ?? '');
  const onError = (error: unknown) => log.error({ err: error }, 'a Slack event failed and comes again');
  const receiver = http?.receiver ?? createSocketReceiver(appToken ?? '', client, onError);
  const people = { unknownUsers, loadProfile: (slackUserId: string) => loadProfile(client, slackUserId) };
  const mapping = mapOwnWorkspace(deps, organizationId);
  await createSlackApp({ ...deps, ...people, botToken, mapping, postEphemeral: createEphemeralPoster(deps) }, receiver);
  await receiver.start();
  return { receiver, http };
}
