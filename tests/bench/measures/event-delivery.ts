import { anyFreePort } from '../../../dev/ports.ts';
import type { Measure } from '../bench.ts';
import { pause } from '../clock.ts';
import { atRate } from '../client/callers.ts';
import { follow } from '../client/follower.ts';
import { ask } from '../client/rest.ts';
import { ms, type Row } from '../report/row.ts';
import { middle, rounds } from '../rounds.ts';
import type { Stage } from '../stage/stage.ts';
import { makeTenant } from '../stage/tenant.ts';
import { percentile } from '../statistics.ts';

const REQUESTS_PER_SECOND = 2;

/** How old an event is when a client has it: its own stamp, taken at the commit, against the same machine's clock. */
export const eventDelivery: Measure = async ({ size, stage: openStage }) => {
  const stage = await openStage();
  const [one, many] = [await streams(stage, 1), await streams(stage, size.streams)];
  const all = await rounds(size.rounds, async () => ({
    one: await one.agesDuring(size.deliverySeconds),
    many: await many.agesDuring(size.deliverySeconds),
  }));
  await Promise.all([one.close(), many.close()]);
  const row = (clients: number, which: 'one' | 'many', atMost: number): Row => {
    const p95 = middle(all, (round) => percentile(round[which], 0.95));
    return {
      goal: `event commit → SSE client, ${clients} client${clients > 1 ? 's' : ''}: p95 ≤ ${atMost} ms`,
      reference: '150-180 ms',
      measured: ms(p95),
      value: p95,
      bound: { atMost },
      note: `p50 ${ms(middle(all, (round) => percentile(round[which], 0.5)))}, ${all[0]?.[which].length} deliveries a round`,
    };
  };
  return [row(1, 'one', 20), row(size.streams, 'many', 50)];
};

/** Clients of an organization of their own. */
async function streams(stage: Stage, count: number) {
  const tenant = await makeTenant(stage);
  const port = await anyFreePort();
  const args = [
    'tests/bench/client/streams-main.ts',
    String(port),
    `${stage.url}/api/events`,
    tenant.token,
    String(count),
  ];
  const child = await stage.node(`streams-${count}`, args);
  const takeAges = async () => (await (await fetch(`http://127.0.0.1:${port}`)).json()) as number[];
  return {
    agesDuring: async (seconds: number): Promise<number[]> => {
      const follower = await follow(stage, tenant);
      await takeAges();
      await atRate(seconds * REQUESTS_PER_SECOND, REQUESTS_PER_SECOND, async () =>
        follower.completed(await ask(stage, tenant, { agents: ['general'] })),
      );
      await pause(300);
      follower.close();
      return takeAges();
    },
    close: () => child.stop(),
  };
}
