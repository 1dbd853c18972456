import type { Block, MessageMetadata, SlackMessage } from './types.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type NewMessage = Omit<SlackMessage, 'ts' | 'versions' | 'reactions' | 'edited'>;

interface MessageChange {
  readonly text?: string;
  readonly blocks?: readonly Block[];
  readonly metadata?: MessageMetadata | null;
  readonly tombstone?: boolean;
}

export type MessageEvent = 'added' | 'edited' | 'removed' | 'reacted';

/** The messages of every workspace, in memory. */
export interface MessageStore {
  /** A timestamp as Slack makes them: unique, increasing, seconds and microseconds. */
  nextTs(): string;
  add(message: NewMessage): SlackMessage;
  find(team: string, channel: string, ts: string): SlackMessage | undefined;
  change(message: SlackMessage, change: MessageChange, by: string): SlackMessage;
  remove(message: SlackMessage): void;
  /** False when this person has reacted with it before. */
  react(message: SlackMessage, name: string, user: string): boolean;
  /** Oldest first. */
  list(where: { team: string; channel: string; thread?: string }): SlackMessage[];
}

export function createMessageStore(changed: (what: MessageEvent, message: SlackMessage) => void): MessageStore {
  const messages = new Map<string, Mutable<SlackMessage>>();
  const keyOf = (team: string, channel: string, ts: string) => `${team} ${channel} ${ts}`;
  const own = ({ team, channel, ts }: SlackMessage) => messages.get(keyOf(team, channel, ts));
  const nextTs = createTsClock();
  return {
    nextTs,
    add(message) {
      const added = {
        ...message,
        ts: nextTs(),
        reactions: [],
        versions: [versionOf(message.text, message.blocks)],
      };
      messages.set(keyOf(added.team, added.channel, added.ts), added);
      changed('added', added);
      return added;
    },
    find: (team, channel, ts) => messages.get(keyOf(team, channel, ts)),
    change(message, { text = message.text, blocks = message.blocks, metadata, tombstone }, by) {
      const kept = own(message);
      if (!kept) return message;
      Object.assign(kept, { text, blocks, edited: { user: by, ts: nextTs() } });
      kept.versions = [...kept.versions, versionOf(text, blocks)];
      if (tombstone) Object.assign(kept, { subtype: 'tombstone', user: 'USLACKBOT', blocks: [] });
      if (metadata === null) delete kept.metadata;
      else if (metadata) kept.metadata = metadata;
      changed('edited', kept);
      return kept;
    },
    remove(message) {
      messages.delete(keyOf(message.team, message.channel, message.ts));
      changed('removed', message);
    },
    react(message, name, user) {
      const kept = own(message);
      const reaction = kept?.reactions.find((one) => one.name === name);
      if (!kept || reaction?.users.includes(user)) return false;
      const others = kept.reactions.filter((one) => one !== reaction);
      kept.reactions = [...others, { name, users: [...(reaction?.users ?? []), user] }];
      changed('reacted', kept);
      return true;
    },
    list: ({ team, channel, thread }) =>
      [...messages.values()]
        .filter((one) => one.team === team && one.channel === channel)
        .filter((one) => thread === undefined || one.ts === thread || one.thread_ts === thread)
        .sort((a, b) => (a.ts < b.ts ? -1 : 1)),
  };
}

function createTsClock(): () => string {
  let lastMicros = 0;
  return () => {
    lastMicros = Math.max(Date.now() * 1000, lastMicros + 100);
    return `${Math.floor(lastMicros / 1e6)}.${String(lastMicros % 1e6).padStart(6, '0')}`;
  };
}

const versionOf = (text: string, blocks: readonly Block[]) => ({ at: new Date().toISOString(), text, blocks });
