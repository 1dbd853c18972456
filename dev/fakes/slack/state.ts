import type { Journal } from '../journal.ts';
import type { Waiters } from '../waiters.ts';
import type { Arguments } from './arguments.ts';
import type { Faults } from './faults.ts';
import type { MessageStore } from './messages.ts';
import type { RateLimits } from './rate-limits.ts';
import type { SlackChannel, SlackLogLine, SlackMessage, SlackUser, SlackWorkspace } from './types.ts';

/** What a running fake consists of. */
export interface SlackState {
  readonly workspaces: readonly SlackWorkspace[];
  /** What an admin of the workspace has changed about people since it was made. */
  readonly changedUsers: Map<string, Partial<SlackUser>>;
  readonly appToken: string;
  readonly messages: MessageStore;
  readonly ephemerals: (Pick<SlackMessage, 'ts' | 'channel' | 'team' | 'text' | 'blocks' | 'thread_ts'> & {
    readonly user: string;
  })[];
  readonly journal: Journal<SlackLogLine>;
  readonly waiters: Waiters;
  readonly faults: Faults;
  readonly limits?: RateLimits;
  /** Characters of text that `chat.update` takes. */
  readonly updateTextLimit: number;
  /** Where Socket Mode clients connect; known once the server listens. */
  socketUrl: string;
}

export interface MethodCall {
  readonly state: SlackState;
  readonly workspace: SlackWorkspace;
  readonly args: Arguments;
}

/** Answers a call with what stands beside `ok: true`; throws `SlackRefusalError`. */
export type Method = (call: MethodCall) => Readonly<Record<string, unknown>>;

export const findChannel = ({ channels }: SlackWorkspace, id: string | undefined): SlackChannel | undefined =>
  channels.find((channel) => channel.id === id);

export function workspaceOf({ workspaces }: Pick<SlackState, 'workspaces'>, team?: string): SlackWorkspace {
  const workspace = team === undefined ? workspaces[0] : workspaces.find(({ teamId }) => teamId === team);
  if (!workspace) throw new Error(`There is no workspace ${team}.`);
  return workspace;
}
