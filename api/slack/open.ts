import type { Receiver } from '@slack/bolt';
import { createSlackClient } from '../../adapters/slack/slack-client.ts';
import type { ApiDeps } from '../deps.ts';
import { createRecentKeys, createSlackApp, createSocketReceiver } from './app.ts';
import { createHonoReceiver, type HonoReceiver } from './receiver.ts';
import { mapOwnWorkspace } from './workspace.ts';

const RECENT_MESSAGES = 5_000;

export interface SlackSettings {
  readonly botToken: string | undefined;
  readonly signingSecret: string | undefined;
  readonly appToken: string | undefined;
  readonly apiUrl: string | undefined;
  readonly unknownUsers: 'create' | 'reject';
  /** Whose organization the token's own workspace becomes. */
  readonly organizationId: string;
}

export interface OpenSlack {
  readonly receiver: Receiver;
  /** Absent in Socket Mode. */
  readonly http: HonoReceiver | undefined;
}

/** Slack over HTTP, or over a socket when there is an app token; undefined when none is configured. */
export async function openSlack(deps: ApiDeps, settings: SlackSettings): Promise<OpenSlack | undefined> {
  const { botToken, appToken, apiUrl, unknownUsers, organizationId } = settings;
  if (!botToken) return undefined;
  const client = createSlackClient({ token: botToken, apiUrl });
  const mapping = mapOwnWorkspace({ db: deps.db, client, log: deps.log }, organizationId);
  const door = { ...deps, people: { client, unknownUsers }, firstTime: createRecentKeys(RECENT_MESSAGES) };
  const http = appToken ? undefined : createHonoReceiver(settings.signingSecret ?? '');
  const onError = (error: unknown) => deps.log.error({ err: error }, 'a Slack event failed and comes again');
  const receiver = http?.receiver ?? createSocketReceiver(appToken ?? '', client, onError);
  await createSlackApp({ door, botToken, mapping }, receiver);
  await receiver.start();
  return { receiver, http };
}
