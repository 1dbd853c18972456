import type { Measure } from '../bench.ts';
import { atRate } from '../client/callers.ts';
import { watchSlack } from '../client/slack-calls.ts';
import { mention } from '../client/slack-events.ts';
import { ms, type Row } from '../report/row.ts';
import { middle, rounds } from '../rounds.ts';
import { makeTenant } from '../stage/tenant.ts';
import { percentile } from '../statistics.ts';

const EVENTS_PER_SECOND = 20;

/** Signed events at a steady rate, distinct messages; the acknowledgement leaves when the work is durable. */
export const slackAcknowledgement: Measure = async ({ size, stage: openStage }) => {
  const stage = await openStage();
  const count = EVENTS_PER_SECOND * size.slackEventSeconds;
  const tenant = await makeTenant(stage, count * size.rounds);
  const slack = await watchSlack(stage);
  const all = await rounds(size.rounds, async () => {
    const took: number[] = [];
    const threads: string[] = [];
    await atRate(count, EVENTS_PER_SECOND, async () => {
      const start = performance.now();
      const thread = await mention(stage, tenant);
      took.push(performance.now() - start);
      threads.push(thread);
    });
    // The next round begins when nothing of this one is left.
    await Promise.all(threads.map((thread) => slack.final(thread)));
    return took;
  });
  slack.close();
  const row = (name: string, share: number, atMost: number): Row => {
    const value = middle(all, (round) => percentile(round, share));
    return {
      goal: `Slack acknowledgement at ${EVENTS_PER_SECOND} events/s: ${name} ≤ ${atMost} ms`,
      reference: '80-95 ms, not durable',
      measured: ms(value),
      value,
      bound: { atMost },
      figures: all.map((round) => percentile(round, share)),
    };
  };
  return [row('p50', 0.5, 10), row('p99', 0.99, 50)];
};
