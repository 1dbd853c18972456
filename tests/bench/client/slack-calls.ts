import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { within } from '../clock.ts';
import type { Stage } from '../stage/stage.ts';

/** One change of a message as Slack saw it. */
export interface SlackCall {
  readonly at: number;
  readonly method: string;
  readonly thread: string;
  readonly text: string;
}

/** What Slack was told, by thread. */
export interface SlackCalls {
  callsOf(thread: string): readonly SlackCall[];
  /** The call that showed a thread its final state. */
  final(thread: string): Promise<SlackCall>;
  close(): void;
}

const WAIT_MS = 60_000;
const isFinal = ({ text }: SlackCall) => /^(✅|❌|⚠️)/u.test(text);

export async function watchSlack(stage: Stage): Promise<SlackCalls> {
  const stop = new AbortController();
  const answer = await fetch(`${stage.slackUrl}/_calls`, { signal: stop.signal });
  if (!answer.body) throw new Error('Slack did not open its list of calls.');
  const calls = new Map<string, SlackCall[]>();
  const waiting = new Map<string, () => void>();
  const lines = createInterface({ input: Readable.fromWeb(answer.body as ReadableStream) });
  // Closing is an error to the stream.
  lines.on('error', () => undefined);
  lines.on('line', (line) => {
    const call = JSON.parse(line) as SlackCall;
    calls.set(call.thread, [...(calls.get(call.thread) ?? []), call]);
    waiting.get(call.thread)?.();
  });
  const callsOf = (thread: string) => calls.get(thread) ?? [];
  return {
    callsOf,
    final: (thread) =>
      within(
        WAIT_MS,
        `the final state in thread ${thread}`,
        new Promise((resolve) => {
          const look = () => {
            const found = callsOf(thread).find(isFinal);
            if (found) resolve(found);
          };
          waiting.set(thread, look);
          look();
        }),
      ),
    close: () => stop.abort(),
  };
}
