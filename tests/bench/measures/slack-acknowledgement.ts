import type { Measure } from '../bench.ts';
import { atRate } from '../client/callers.ts';
import { watchSlack } from '../client/slack-calls.ts';
import { mention } from '../client/slack-events.ts';
import { ms, type Row } from '../report/row.ts';
import { middle, rounds } from '../rounds.ts';
import { makeTenant } from '../stage/tenant.ts';
import { percentile } from '../statistics.ts';

const EVENTS_PER_SECOND = 20;
const QUIET = 10;

/** Signed events at a steady rate, distinct messages; the acknowledgement leaves when the work is durable. */
export const slackAcknowledgement: Measure = async ({ size, stage: openStage }) => {
  const stage = await openStage();
  const count = EVENTS_PER_SECOND * size.slackEventSeconds;
  const tenant = await makeTenant(stage, (count + QUIET) * size.rounds);
  const slack = await watchSlack(stage);
  const all = await rounds(size.rounds, async () => {
    const acknowledge = async () => {
      const start = performance.now();
      const thread = await mention(stage, tenant);
      return { thread, took: performance.now() - start };
    };
    const quiet = await rounds(QUIET, async () => {
      const { thread, took } = await acknowledge();
      await slack.final(thread);
      return took;
    });
    const busy: Awaited<ReturnType<typeof acknowledge>>[] = [];
    await atRate(count, EVENTS_PER_SECOND, async () => busy.push(await acknowledge()));
    const begun = performance.now();
    // The next round begins when nothing of this one is left.
    await Promise.all(busy.map(({ thread }) => slack.final(thread)));
    return { quiet, busy: busy.map(({ took }) => took), leftMs: performance.now() - begun };
  });
  slack.close();
  const row = (name: string, share: number, atMost: number): Row => {
    const value = middle(all, ({ busy }) => percentile(busy, share));
    return {
      goal: `Slack acknowledgement at ${EVENTS_PER_SECOND} events/s: ${name} ≤ ${atMost} ms`,
      reference: '80-95 ms, not durable',
      measured: ms(value),
      value,
      bound: { atMost },
      figures: all.map(({ busy }) => percentile(busy, share)),
    };
  };
  const quiet = middle(all, (round) => percentile(round.quiet, 0.5));
  const left = middle(all, ({ leftMs }) => leftMs) / 1_000;
  const note = `one event at a time: p50 ${ms(quiet)}; work left when the last event came: ${left.toFixed(1)} s`;
  return [{ ...row('p50', 0.5, 10), note }, row('p99', 0.99, 50)];
};
