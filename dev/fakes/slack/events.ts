import { randomBytes } from 'node:crypto';
import { messageOnWire } from './methods/to-wire.ts';
import type { SlackChannel, SlackMessage, SlackWorkspace } from './types.ts';

/** The body of an Events API request. */
export interface EventEnvelope {
  readonly type: 'event_callback';
  readonly team_id: string;
  readonly event_id: string;
  readonly event: Readonly<Record<string, unknown>> & { readonly type: string };
  readonly [field: string]: unknown;
}

const eventId = (): string => `Ev${randomBytes(6).toString('hex').toUpperCase()}`;

/** Wraps an event as Slack does for one installation of the app. */
export function wrapEvent(workspace: SlackWorkspace, event: EventEnvelope['event']): EventEnvelope {
  const { teamId, appId, botUserId, enterpriseId = null } = workspace;
  return {
    token: 'deprecated-verification-token',
    team_id: teamId,
    ...(enterpriseId ? { enterprise_id: enterpriseId } : {}),
    context_team_id: teamId,
    context_enterprise_id: enterpriseId,
    api_app_id: appId,
    event,
    type: 'event_callback',
    event_id: eventId(),
    event_time: Math.floor(Date.now() / 1000),
    authorizations: [
      { enterprise_id: enterpriseId, team_id: teamId, user_id: botUserId, is_bot: true, is_enterprise_install: false },
    ],
    is_ext_shared_channel: false,
    event_context: `4-${randomBytes(12).toString('base64url')}`,
  };
}

const channelType = ({ kind }: SlackChannel) => kind;

/** The `message` event of a new message. */
export const messageEvent = (message: SlackMessage, channel: SlackChannel): EventEnvelope['event'] => ({
  ...messageOnWire(message),
  channel: channel.id,
  channel_type: channelType(channel),
  event_ts: message.ts,
});

/** The `app_mention` event of a new message; it carries no `channel_type`. */
export const mentionEvent = (message: SlackMessage, channel: SlackChannel): EventEnvelope['event'] => ({
  ...messageOnWire(message),
  type: 'app_mention',
  channel: channel.id,
  event_ts: message.ts,
});

/** The `message_changed` event of an edited message. */
export const changedEvent = (
  message: SlackMessage,
  channel: SlackChannel,
  eventTs: string,
  previous?: Readonly<Record<string, unknown>>,
): EventEnvelope['event'] => ({
  type: 'message',
  subtype: 'message_changed',
  message: messageOnWire(message),
  ...(previous ? { previous_message: previous } : {}),
  hidden: true,
  channel: channel.id,
  channel_type: channelType(channel),
  ts: eventTs,
  event_ts: eventTs,
});

/** The `message_deleted` event of a message that has no thread below it. */
export const deletedEvent = (
  previous: Readonly<Record<string, unknown>>,
  channel: SlackChannel,
  eventTs: string,
): EventEnvelope['event'] => ({
  type: 'message',
  subtype: 'message_deleted',
  previous_message: previous,
  deleted_ts: previous['ts'],
  hidden: true,
  channel: channel.id,
  channel_type: channelType(channel),
  ts: eventTs,
  event_ts: eventTs,
});

/** What a person's client sends along: the text as one rich text block. */
export const richText = (text: string) => ({
  type: 'rich_text',
  elements: [{ type: 'rich_text_section', elements: elementsOf(text) }],
});

const elementsOf = (text: string) =>
  text
    .split(/(<@[A-Z0-9_]+>)/)
    .filter((piece) => piece !== '')
    .map((piece) => {
      const user_id = /^<@([A-Z0-9_]+)>$/.exec(piece)?.[1];
      return user_id ? { type: 'user', user_id } : { type: 'text', text: piece };
    });
