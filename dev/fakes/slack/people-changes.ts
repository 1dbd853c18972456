import type { Deliverer, Sent } from './deliver.ts';
import { changedEvent, deletedEvent, wrapEvent, type EventEnvelope } from './events.ts';
import { messageOnWire } from './methods/to-wire.ts';
import { findChannel, workspaceOf, type SlackState } from './state.ts';
import type { Block, Delivery, SlackChannel, SlackMessage, SlackWorkspace } from './types.ts';

/** Which message a person changes, deletes or presses a button of. */
interface MessagePlace {
  readonly user: string;
  readonly channel: string;
  readonly ts: string;
  readonly team?: string;
}

/** What people do to messages and channels that are there. */
export interface Changes {
  /** Edits a message of their own. */
  edit(place: MessagePlace & { readonly text: string }): Promise<Sent>;
  /** Deletes a message: gone, or a tombstone where a thread hangs on it. */
  remove(place: MessagePlace): Promise<Sent>;
  /** Archives a channel. */
  archive(channel: string, user?: string, team?: string): Promise<Sent>;
  /** Removes the bot from a channel. */
  removeBot(channel: string, user?: string, team?: string): Promise<Sent>;
  /** Comes into a channel or leaves it. `untold`: the event gets lost. */
  move(moved: Moved): Promise<Sent>;
  /** Presses a button of a message, or of one that only they see. */
  press(place: MessagePlace & { readonly action: string }): Promise<Delivery>;
}

export function createChanges(state: SlackState, deliverer: Deliverer): Changes {
  const tell = (workspace: SlackWorkspace, channel: SlackChannel, event: EventEnvelope['event']): Promise<Sent> =>
    deliverer.send(channel.botIsMember ? [wrapEvent(workspace, event)] : []);

  function find({ channel: id, ts, team }: Omit<MessagePlace, 'user'>) {
    const workspace = workspaceOf(state, team);
    const channel = channelOf(workspace, id);
    const message = state.messages.find(workspace.teamId, id, ts);
    if (!message) throw new Error(`There is no message ${ts} in ${id}.`);
    return { workspace, channel, message };
  }

  const close = (closing: Closing, change: Partial<SlackChannel>) => closeChannel(state, deliverer, closing, change);
  return {
    async edit({ user, text, ...place }) {
      const { workspace, channel, message } = find(place);
      if (message.user !== user) throw new Error('People edit their own messages only.');
      const before = messageOnWire(message);
      const changed = state.messages.change(message, { text, blocks: [] }, user);
      return tell(workspace, channel, changedEvent(changed, channel, state.messages.nextTs(), before));
    },
    async remove(place) {
      const { workspace, channel, message } = find(place);
      const before = messageOnWire(message);
      const eventTs = state.messages.nextTs();
      const replies = state.messages.list({ team: message.team, channel: channel.id, thread: message.ts }).length - 1;
      if (replies <= 0) {
        state.messages.remove(message);
        return tell(workspace, channel, deletedEvent(before, channel, eventTs));
      }
      const stone = { text: 'This message was deleted.', blocks: [], tombstone: true };
      const changed = state.messages.change(message, stone, place.user);
      return tell(workspace, channel, changedEvent(changed, channel, eventTs, before));
    },
    archive: (id, user = 'U_ADA', team) => close({ id, team, user, types: ['channel_archive'] }, { archived: true }),
    removeBot: (id, _user, team) => {
      const { botUserId } = workspaceOf(state, team);
      const types = ['member_left_channel', 'channel_left'];
      return close({ id, team, user: botUserId, types }, { botIsMember: false });
    },
    move: (moved) => move(state, deliverer, moved),
    press: (pressed) => press(state, deliverer, pressed),
  };
}

interface Moved {
  readonly user: string;
  readonly channel: string;
  readonly isMember: boolean;
  readonly untold?: boolean;
  readonly team?: string;
}

/** Whoever is in a channel is told who comes and goes. */
async function move(
  state: SlackState,
  deliverer: Deliverer,
  { user, channel: id, team, isMember, untold }: Moved,
): Promise<Sent> {
  const workspace = workspaceOf(state, team);
  const channel = channelOf(workspace, id);
  const others = (channel.members ?? workspace.users.map((one) => one.id)).filter((one) => one !== user);
  Object.assign(channel, { members: isMember ? [...others, user] : others });
  const type = isMember ? 'member_joined_channel' : 'member_left_channel';
  const channel_type = channel.kind === 'group' ? 'G' : 'C';
  const event = { type, user, channel: id, channel_type, team: workspace.teamId, event_ts: state.messages.nextTs() };
  return deliverer.send(channel.botIsMember && !untold ? [wrapEvent(workspace, event)] : []);
}

interface Closing {
  readonly id: string;
  readonly team: string | undefined;
  readonly user: string;
  readonly types: readonly string[];
}

/** Whoever is in a channel is told that it is archived, or that somebody is in it no more. */
async function closeChannel(
  state: SlackState,
  deliverer: Deliverer,
  { id, team, user, types }: Closing,
  change: Partial<SlackChannel>,
): Promise<Sent> {
  const workspace = workspaceOf(state, team);
  Object.assign(channelOf(workspace, id), change);
  const events = types.map((type) => ({ type, channel: id, user, event_ts: state.messages.nextTs() }));
  return deliverer.send(events.map((event) => wrapEvent(workspace, event)));
}

function press(
  state: SlackState,
  deliverer: Deliverer,
  { user, channel: id, ts, team, action }: Parameters<Changes['press']>[0],
): Promise<Delivery> {
  const workspace = workspaceOf(state, team);
  const hidden = state.ephemerals.find((one) => one.channel === id && one.ts === ts && one.user === user);
  const message = hidden ?? state.messages.find(workspace.teamId, id, ts);
  const button = message && buttonsOf(message.blocks).find((one) => one['action_id'] === action);
  if (!message || !button) throw new Error(`There is no button ${action} in ${id} ${ts} for ${user}.`);
  return deliverer.interact(interaction(state, { workspace, user, message, button, isEphemeral: Boolean(hidden) }));
}

function channelOf(workspace: SlackWorkspace, id: string): SlackChannel {
  const channel = findChannel(workspace, id);
  if (!channel) throw new Error(`There is no channel ${id}.`);
  return channel;
}

const buttonsOf = (blocks: readonly Block[]): Block[] =>
  blocks.flatMap(({ type, elements, accessory }) =>
    type === 'actions' && Array.isArray(elements) ? (elements as Block[]) : accessory ? [accessory as Block] : [],
  );

interface Pressed {
  readonly workspace: SlackWorkspace;
  readonly user: string;
  readonly message: Pick<SlackMessage, 'ts' | 'channel' | 'text'> & { readonly thread_ts?: string };
  readonly button: Block;
  readonly isEphemeral: boolean;
}

/** The `block_actions` payload as Slack posts it. */
function interaction(state: SlackState, { workspace, user, message, button, isEphemeral }: Pressed) {
  const { ts, channel, text, thread_ts: thread } = message;
  const container = {
    message_ts: ts,
    channel_id: channel,
    is_ephemeral: isEphemeral,
    ...(thread ? { thread_ts: thread } : {}),
  };
  return {
    type: 'block_actions',
    user: { id: user, team_id: workspace.teamId },
    api_app_id: workspace.appId,
    token: 'deprecated-verification-token',
    container: { type: 'message', ...container },
    trigger_id: `${state.messages.nextTs()}.demo`,
    team: { id: workspace.teamId, domain: workspace.domain },
    enterprise: null,
    is_enterprise_install: false,
    channel: { id: channel, name: findChannel(workspace, channel)?.name ?? '' },
    ...(isEphemeral ? {} : { message: { type: 'message', ts, text, ...(thread ? { thread_ts: thread } : {}) } }),
    state: { values: {} },
    response_url: 'https://hooks.slack.invalid/actions',
    actions: [{ ...button, block_id: 'b1', action_ts: state.messages.nextTs() }],
  };
}
