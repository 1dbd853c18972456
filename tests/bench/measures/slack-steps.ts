import type { Measure } from '../bench.ts';
import { nowMs } from '../clock.ts';
import { follow } from '../client/follower.ts';
import { setDelays } from '../client/model.ts';
import { watchSlack } from '../client/slack-calls.ts';
import { mention } from '../client/slack-events.ts';
import { ms } from '../report/row.ts';
import { rounds } from '../rounds.ts';
import { makeTenant } from '../stage/tenant.ts';
import { percentile } from '../statistics.ts';

/** Slow enough that every step is seen, and short enough for a bench. */
const DELAYS = { analysis: 400, answers: [500, 900, 1_300] };

/** One run at a time, with a model that takes its time: how far Slack is behind what has happened. */
export const slackSteps: Measure = async ({ size, stage: openStage }) => {
  const stage = await openStage();
  const slack = await watchSlack(stage);
  await setDelays(stage, DELAYS);
  const runs = await rounds(size.slackRuns, async () => {
    const tenant = await makeTenant(stage, 1);
    const follower = await follow(stage, tenant);
    const start = nowMs();
    const thread = await mention(stage, tenant);
    await slack.final(thread);
    const calls = slack.callsOf(thread);
    const events = follower.everything();
    const steps = new Map(events.map(({ step = '', at }) => [step, Date.parse(at)] as const).reverse());
    const behind = [...steps].flatMap(([step, at]) => {
      const shown = calls.find(({ text }) => text.includes(step));
      return shown ? [shown.at - at] : [];
    });
    follower.close();
    return {
      first: (calls[0]?.at ?? Number.NaN) - start,
      behind: behind.slice(0),
      calls: calls.length,
      steps: steps.size,
    };
  });
  await setDelays(stage, { analysis: 0, answers: [0] });
  slack.close();
  const firsts = runs.map(({ first }) => first);
  const behind = runs.flatMap((run) => run.behind);
  const shown = `${runs[0]?.calls} calls for ${runs[0]?.steps} steps`;
  const worst = (values: readonly number[]) => Math.max(...values);
  return [
    {
      goal: 'first Slack message < 300 ms after the event (worst of the runs)',
      reference: '500-800 ms',
      measured: ms(worst(firsts)),
      value: worst(firsts),
      bound: { atMost: 300 },
      note: `median ${ms(percentile(firsts, 0.5))} over ${runs.length} runs`,
    },
    {
      goal: 'Slack shows a change < 500 ms after the step (worst of the runs)',
      reference: '150-180 ms',
      measured: ms(worst(behind)),
      value: worst(behind),
      bound: { atMost: 500 },
      note: `median ${ms(percentile(behind, 0.5))}, ${shown}`,
      figures: behind,
    },
  ];
};
