import { expect } from '@jest/globals';
import type { AgentId } from '../../contracts/agents.ts';
import { isFinal } from '../../contracts/orchestration.ts';
import { botMessages } from './doors.ts';
import { eventually } from './eventually.ts';
import type { House } from './house.ts';
import { crookedWindows, ledgerOf, missingEventIds, paidTwice, unfinished } from './score.ts';

/** Everything that was accepted from a crowd, by the door it came through. */
export interface Crowd {
  readonly jobs: string[];
  readonly threads: { readonly channel: string; readonly ts: string }[];
}

const AGENTS: readonly AgentId[] = ['ops', 'support', 'finance', 'general'];
/** Where people write: two channels, and the direct messages of people in turn. */
const CHANNELS = ['C_LAUNCH', 'C_GENERAL', 'D_ADA', 'D_MINSU', 'D_LINUS'] as const;
const WRITERS = { C_LAUNCH: 'U_ADA', C_GENERAL: 'U_LINUS', D_ADA: 'U_ADA', D_MINSU: 'U_MINSU', D_LINUS: 'U_LINUS' };

/** One person's request by REST (even numbers) or Slack (odd ones); noted in the crowd once it was accepted. */
export async function askAs(house: House, crowd: Crowd, nth: number): Promise<void> {
  if (nth % 2 === 0) {
    const agents = AGENTS.slice(0, 1 + (nth % 3));
    const idempotencyKey = `crowd-${nth}`;
    const { jobId } = await house.ask(`Request ${nth} of a crowd`, { agents: [...agents], idempotencyKey });
    crowd.jobs.push(jobId);
    return;
  }
  const channel = CHANNELS[((nth - 1) / 2) % CHANNELS.length] ?? 'C_LAUNCH';
  const text = `Write slogan ${nth} for our logo`;
  const writing = { user: WRITERS[channel], channel, text };
  const { ts, settled } = await (channel.startsWith('C') ? house.slack.mention(writing) : house.slack.say(writing));
  await settled;
  crowd.threads.push({ channel, ts });
}

/** Waits until everything accepted has come to its end. */
export async function crowdServed(house: House, { jobs, threads }: Crowd, withinMs: number): Promise<void> {
  const end = Date.now() + withinMs;
  const left = () => Math.max(1, end - Date.now());
  for (const jobId of jobs)
    await eventually(`the end of ${jobId}`, async () => isFinal((await house.status(jobId)).status), left());
  for (const { channel, ts } of threads)
    await eventually(
      `the final message in ${channel} ${ts}`,
      () => botMessages(house, channel, ts).some(({ text }) => /^(✅|❌|⚠️)/u.test(text)),
      left(),
    );
}

/** Nothing was lost, nothing happened twice, and the books are straight. */
export async function expectCrowdServedOnce(house: House, { jobs, threads }: Crowd): Promise<void> {
  expect(await unfinished(house)).toEqual([]);
  expect(await missingEventIds(house)).toEqual([]);
  expect(await crookedWindows(house)).toEqual([]);
  const outcomes = await Promise.all(jobs.map(async (jobId) => (await house.status(jobId)).status));
  expect(outcomes.filter((status) => status !== 'completed')).toEqual([]);
  const shown = threads.map(({ channel, ts }) => botMessages(house, channel, ts).map(({ text }) => text.slice(0, 6)));
  expect(shown.filter((messages) => messages.length !== 1 || messages[0] !== '✅ Done')).toEqual([]);
  const [accepted] = await house.database.look<{ n: number }>('select count(*)::int as n from orchestrations');
  expect(accepted?.n).toBe(jobs.length + threads.length);
  expect((await ledgerOf(house)).reserved).toBe(0);
  // What was paid for twice had died between the provider and us, and the ledger knows of every such call.
  expect(paidTwice(house).length).toBeLessThanOrEqual((await ledgerOf(house)).unknown);
}
