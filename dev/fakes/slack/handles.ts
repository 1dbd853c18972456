import { workspaceOf, type SlackState } from './state.ts';
import type { ApiCallLine, SlackLogLine, SlackMessage } from './types.ts';

/** Which messages: of a channel, or of one thread of it with its root. `team` is the first workspace unless told. */
export interface MessageFilter {
  readonly channel: string;
  readonly thread?: string;
  readonly team?: string;
}

/** What a test sees of the fake. */
export interface SlackHandles {
  readonly log: readonly SlackLogLine[];
  readonly ephemerals: SlackState['ephemerals'];
  messages(filter: MessageFilter): SlackMessage[];
  message(channel: string, ts: string, team?: string): SlackMessage | undefined;
  /** Calls of the Web API in order, also refused ones. */
  calls(method?: string): ApiCallLine[];
  waitForCalls(method: string, count: number, timeoutMs?: number): Promise<ApiCallLine[]>;
  /** Resolves with the first message for which `where` is true. */
  waitForMessage(
    filter: MessageFilter & { readonly where?: (message: SlackMessage) => boolean },
    timeoutMs?: number,
  ): Promise<SlackMessage>;
  /** Resolves with the first value that `check` yields, asked again after every change. */
  waitFor<T>(what: string, check: () => T | undefined, timeoutMs?: number): Promise<T>;
}

export function handlesOf(state: SlackState): SlackHandles {
  const { journal, waiters } = state;
  const teamOf = (team?: string) => workspaceOf(state, team).teamId;
  const messages = ({ channel, thread, team }: MessageFilter) =>
    state.messages.list({ team: teamOf(team), channel, thread });
  const calls = (method?: string) =>
    journal.lines
      .filter((line): line is ApiCallLine => line.kind === 'call')
      .filter((line) => method === undefined || line.method === method);
  return {
    log: journal.lines,
    ephemerals: state.ephemerals,
    messages,
    message: (channel, ts, team) => state.messages.find(teamOf(team), channel, ts),
    calls,
    waitForCalls: (method, count, timeoutMs) =>
      waiters.until(
        `${count} calls of ${method}`,
        () => (calls(method).length >= count ? calls(method) : undefined),
        timeoutMs,
      ),
    waitForMessage: ({ where = () => true, ...filter }, timeoutMs) =>
      waiters.until(`a message in ${filter.channel}`, () => messages(filter).find(where), timeoutMs),
    waitFor: waiters.until,
  };
}
