import type { Measure } from '../bench.ts';
import { inTurn } from '../client/callers.ts';
import { follow } from '../client/follower.ts';
import { ask } from '../client/rest.ts';
import { fill, findId } from '../growth/fill.ts';
import { read, toReads, type Read } from '../growth/reads.ts';
import { ms, type Row } from '../report/row.ts';
import { middle, rounds } from '../rounds.ts';
import type { Stage } from '../stage/stage.ts';
import { makeTenant, type Tenant } from '../stage/tenant.ts';
import { percentile } from '../statistics.ts';

const OTHER_ORGANIZATIONS = 10_000;
/** How often each address is read, after twice that do not count. */
const TIMES = 20;
/** Of the slowest reads so many are named. */
const NAMED = 3;

/**
 * Two houses side by side: an empty one, and one in which an organization has done all this before, beside 10,000 others.
 * The same requests in turn in both, and everything that can be read in the full one.
 */
export const growth: Measure = async ({ size, freshStage, tell }) => {
  const [empty, full] = [await freshStage(), await freshStage()];
  try {
    const [novice, old] = [await makeTenant(empty), await makeTenant(full)];
    const { organizationId } = old;
    const begun = performance.now();
    const { databaseMb } = await fill(full.database, {
      organizationId,
      requests: size.filled,
      otherOrganizations: OTHER_ORGANIZATIONS,
    });
    const seconds = (performance.now() - begun) / 1_000;
    tell(`  filled in ${seconds.toFixed(0)} s: ${databaseMb.toFixed(0)} MB`);
    const [inEmpty, inFull] = [await asker(empty, novice), await asker(full, old)];
    for (const house of [inEmpty, inFull]) await house.ask(size.warmUp);
    const all = await rounds(size.rounds, async () => ({
      empty: await inEmpty.ask(size.oneCaller),
      full: await inFull.ask(size.oneCaller),
    }));
    for (const house of [inEmpty, inFull]) house.close();
    const reads = await timeReads(full, old);
    const note = `${databaseMb.toFixed(0)} MB, filled in ${seconds.toFixed(0)} s`;
    return [requestRow(all, size.filled, note), readsRow(reads, size.filled)];
  } finally {
    await empty.close();
    await full.close();
  }
};

async function asker(stage: Stage, tenant: Tenant) {
  const follower = await follow(stage, tenant);
  return {
    ask: async (count: number) => {
      const load = await inTurn(count, 1, async () => follower.completed(await ask(stage, tenant)));
      if (load.errors.length > 0) throw new Error(load.errors[0]);
      return load.latenciesMs;
    },
    close: follower.close,
  };
}

function requestRow(
  all: readonly { readonly empty: readonly number[]; readonly full: readonly number[] }[],
  filled: number,
  note: string,
): Row {
  const [empty, full] = [
    middle(all, (round) => percentile(round.empty, 0.5)),
    middle(all, (round) => percentile(round.full, 0.5)),
  ];
  return {
    goal: `whole request beside ${filled} finished ones: p50 ≤ 1.1 × an empty house`,
    reference: `empty ${ms(empty)}`,
    measured: ms(full),
    ratio: full / empty,
    value: full / empty,
    bound: { atMost: 1.1 },
    note,
    figures: all,
  };
}

interface Timed extends Read {
  readonly p50: number;
  readonly p95: number;
}

async function timeReads(stage: Stage, { organizationId, token }: Tenant): Promise<Timed[]> {
  const id = (kind: Parameters<typeof findId>[2]) => findId(stage.database, organizationId, kind);
  const description = await fetch(`${stage.url}/openapi.json`);
  const names = {
    jobId: await id('job'),
    sessionId: await id('session'),
    connectionId: await id('connection'),
    skillName: 'none',
  };
  const timed: Timed[] = [];
  for (const each of toReads((await description.json()) as Parameters<typeof toReads>[0], names)) {
    const once = () => read(stage.url, each, token);
    if ((await once()) === undefined) continue;
    await once();
    const times = await rounds(TIMES, async () => (await once()) ?? Number.NaN);
    timed.push({ ...each, p50: percentile(times, 0.5), p95: percentile(times, 0.95) });
  }
  return timed.sort((a, b) => b.p95 - a.p95);
}

function readsRow(timed: readonly Timed[], filled: number): Row {
  const slowest = timed[0]?.p95 ?? Number.NaN;
  return {
    goal: `each list and admin page beside ${filled} finished requests: p95 ≤ 100 ms`,
    reference: `${timed.length} addresses`,
    measured: ms(slowest),
    value: slowest,
    bound: { atMost: 100 },
    note: timed
      .slice(0, NAMED)
      .map(({ address, as, p95 }) => `${address} as ${as} ${ms(p95)}`)
      .join(', '),
    figures: timed,
  };
}
