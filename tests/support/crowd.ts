import { expect } from '@jest/globals';
import type { AgentId } from '../../contracts/agents.ts';
import { isFinal } from '../../contracts/orchestration.ts';
import { botMessages } from './doors.ts';
import { eventually } from './eventually.ts';
import type { Nubabel } from './nubabel.ts';
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
export async function askAs(nubabel: Nubabel, crowd: Crowd, nth: number): Promise<void> {
  if (nth % 2 === 0) {
    const agents = AGENTS.slice(0, 1 + (nth % 3));
    const idempotencyKey = `crowd-${nth}`;
    const { jobId } = await nubabel.ask(`Request ${nth} of a crowd`, { agents: [...agents], idempotencyKey });
    crowd.jobs.push(jobId);
    return;
  }
  const channel = CHANNELS[((nth - 1) / 2) % CHANNELS.length] ?? 'C_LAUNCH';
  const text = `Write slogan ${nth} for our logo`;
  const writing = { user: WRITERS[channel], channel, text };
  const { ts, settled } = await (channel.startsWith('C') ? nubabel.slack.mention(writing) : nubabel.slack.say(writing));
  await settled;
  crowd.threads.push({ channel, ts });
}

/** Waits until everything accepted has come to its end. */
export async function crowdServed(nubabel: Nubabel, { jobs, threads }: Crowd, withinMs: number): Promise<void> {
  const end = Date.now() + withinMs;
  const left = () => Math.max(1, end - Date.now());
  for (const jobId of jobs)
    await eventually(`the end of ${jobId}`, async () => isFinal((await nubabel.status(jobId)).status), left());
  for (const { channel, ts } of threads)
    await eventually(
      `the final message in ${channel} ${ts}`,
      () => botMessages(nubabel, channel, ts).some(({ text }) => /^(✅|❌|⚠️)/u.test(text)),
      left(),
    );
}

/** Nothing was lost, nothing happened twice, and the books are straight. */
export async function expectCrowdServedOnce(nubabel: Nubabel, { jobs, threads }: Crowd): Promise<void> {
  expect(await unfinished(nubabel)).toEqual([]);
  expect(await missingEventIds(nubabel)).toEqual([]);
  expect(await crookedWindows(nubabel)).toEqual([]);
  const outcomes = await Promise.all(jobs.map(async (jobId) => (await nubabel.status(jobId)).status));
  expect(outcomes.filter((status) => status !== 'completed')).toEqual([]);
  const shown = threads.map(({ channel, ts }) => botMessages(nubabel, channel, ts).map(({ text }) => text.slice(0, 6)));
  expect(shown.filter((messages) => messages.length !== 1 || messages[0] !== '✅ Done')).toEqual([]);
  const [accepted] = await nubabel.database.look<{ n: number }>('select count(*)::int as n from orchestrations');
  expect(accepted?.n).toBe(jobs.length + threads.length);
  expect((await ledgerOf(nubabel)).reserved).toBe(0);
  // What was paid for twice had died between the provider and us, and the ledger knows of every such call.
  expect(paidTwice(nubabel).length).toBeLessThanOrEqual((await ledgerOf(nubabel)).unknown);
}
