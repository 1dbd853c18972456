import type { Measure } from '../bench.ts';
import { inTurn } from '../client/callers.ts';
import { follow } from '../client/follower.ts';
import { ask } from '../client/rest.ts';
import { pause } from '../clock.ts';
import { ms } from '../report/row.ts';
import { middle, rounds } from '../rounds.ts';
import type { Stage } from '../stage/stage.ts';
import { makeTenant, type Tenant } from '../stage/tenant.ts';
import { percentile } from '../statistics.ts';

/** Requests of the neighbour that are always under way. */
const LOUD = 60;
/** Until all of them are. */
const SETTLE_MS = 500;

/**
 * One organization asks one request after the other: alone, then while another keeps sixty under way. How soon it has its
 * 202, and how soon it reads its jobs; what was accepted is done in between, so both share the machine with the work.
 */
export const noisyNeighbour: Measure = async ({ size, stage: openStage }) => {
  const stage = await openStage();
  const [quiet, loud] = [await makeTenant(stage), await makeTenant(stage)];
  const followers = [await follow(stage, quiet), await follow(stage, loud)];
  const once = async () => {
    const accepted = await inTurn(size.firstAnswers, 1, () => ask(stage, quiet, { agents: ['ops'] }));
    const read = await inTurn(size.firstAnswers, 1, () => list(stage, quiet));
    const errors = [...accepted.errors, ...read.errors];
    if (errors.length > 0) throw new Error(errors[0]);
    const at = (share: number) => percentile(accepted.latenciesMs, share);
    return { p50: at(0.5), p95: at(0.95), read: percentile(read.latenciesMs, 0.5) };
  };
  const all = await rounds(size.rounds, async () => {
    const alone = await once();
    const jobs: string[] = [];
    let going = true;
    const caller = async () => {
      while (going) jobs.push(await ask(stage, loud, { agents: ['ops'] }));
    };
    const noise = Promise.all(Array.from({ length: LOUD }, caller));
    await pause(SETTLE_MS);
    const beside = await once();
    going = false;
    await noise;
    for (const job of jobs) await followers[1]?.completed(job);
    return { alone, beside, loud: jobs.length };
  });
  followers.forEach((follower) => follower.close());
  const [alone, beside] = [middle(all, (round) => round.alone.p50), middle(all, (round) => round.beside.p50)];
  const [aloneRead, besideRead] = [middle(all, ({ alone: one }) => one.read), middle(all, (one) => one.beside.read)];
  return [
    {
      goal: `202 beside ${LOUD} requests of another organization: p50 ≤ 1.5 × alone`,
      reference: `alone ${ms(alone)}`,
      measured: ms(beside),
      ratio: beside / alone,
      value: beside / alone,
      bound: { atMost: 1.5 },
      note: `p95 ${ms(middle(all, (round) => round.beside.p95))}; reading jobs ${ms(aloneRead)} alone, ${ms(besideRead)}`,
      figures: all,
    },
  ];
};

async function list(stage: Stage, { token }: Tenant): Promise<void> {
  const answer = await fetch(`${stage.url}/api/jobs?limit=5`, { headers: { authorization: `Bearer ${token}` } });
  if (answer.status !== 200) throw new Error(`${answer.status}: ${await answer.text()}`);
  await answer.arrayBuffer();
}
