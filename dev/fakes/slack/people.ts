import { randomUUID } from 'node:crypto';
import type { Deliverer, Sent } from './deliver.ts';
import { mentionEvent, messageEvent, richText, wrapEvent } from './events.ts';
import { createChanges, type Changes } from './people-changes.ts';
import { findChannel, workspaceOf, type SlackState } from './state.ts';
import type { SlackChannel, SlackMessage, SlackWorkspace } from './types.ts';

/** What a person writes. `team` is the first workspace unless told. */
export interface Utterance {
  readonly user: string;
  readonly channel: string;
  readonly text: string;
  readonly thread_ts?: string;
  readonly team?: string;
  /** Messages that are forwarded with it. */
  readonly attachments?: SlackMessage['attachments'];
  readonly files?: SlackMessage['files'];
}

/** A message of a person and what became of its events. */
export interface Said extends Sent {
  readonly ts: string;
}

/** The hands of the people in the fake workspaces. */
export interface People extends Changes {
  /** Writes `@bot text` in a channel: an `app_mention` and a `message` event. */
  mention(utterance: Utterance): Promise<Said>;
  /** Writes without mentioning anyone: a `message` event, plus an `app_mention` when the text has the mention itself. */
  say(utterance: Utterance): Promise<Said>;
  /** Writes to the bot alone: a `message` event with `channel_type: 'im'`. */
  directMessage(utterance: Omit<Utterance, 'channel'>): Promise<Said>;
}

export function createPeople(state: SlackState, deliverer: Deliverer, alsoMessageEvent: boolean): People {
  async function say(utterance: Utterance): Promise<Said> {
    const workspace = workspaceOf(state, utterance.team);
    const channel = findChannel(workspace, utterance.channel);
    if (!channel) throw new Error(`Workspace ${workspace.teamId} has no channel ${utterance.channel}.`);
    if (!workspace.users.some(({ id }) => id === utterance.user))
      throw new Error(`Workspace ${workspace.teamId} has no user ${utterance.user}.`);
    const message = write(state, workspace, channel, utterance);
    // Slack tells an app nothing about channels that it is not in.
    const events = channel.botIsMember ? eventsOf(workspace, channel, message, alsoMessageEvent) : [];
    const sent = await deliverer.send(events.map((event) => wrapEvent(workspace, event)));
    return { ts: message.ts, ...sent };
  }
  return {
    say,
    ...createChanges(state, deliverer),
    mention(utterance) {
      const at = `<@${workspaceOf(state, utterance.team).botUserId}>`;
      return say(utterance.text.includes(at) ? utterance : { ...utterance, text: `${at} ${utterance.text}` });
    },
    directMessage(utterance) {
      const workspace = workspaceOf(state, utterance.team);
      const channel = workspace.channels.find(({ kind, user }) => kind === 'im' && user === utterance.user);
      if (!channel) throw new Error(`${utterance.user} has no direct message channel.`);
      return say({ ...utterance, channel: channel.id });
    },
  };
}

const write = (state: SlackState, { teamId }: SlackWorkspace, { id }: SlackChannel, utterance: Utterance) =>
  state.messages.add({
    channel: id,
    team: teamId,
    user: utterance.user,
    text: utterance.text,
    blocks: utterance.text === '' ? [] : [richText(utterance.text)],
    client_msg_id: randomUUID(),
    ...(utterance.thread_ts ? { thread_ts: utterance.thread_ts } : {}),
    ...(utterance.attachments ? { attachments: utterance.attachments } : {}),
    ...(utterance.files ? { files: utterance.files } : {}),
  });

function eventsOf(
  workspace: SlackWorkspace,
  channel: SlackChannel,
  message: Parameters<typeof messageEvent>[0],
  alsoMessageEvent: boolean,
) {
  const mentioned = channel.kind !== 'im' && message.text.includes(`<@${workspace.botUserId}>`);
  if (!mentioned) return [messageEvent(message, channel)];
  const mention = mentionEvent(message, channel);
  return alsoMessageEvent ? [mention, messageEvent(message, channel)] : [mention];
}
