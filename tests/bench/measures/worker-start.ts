import { WORKER_ARGS } from '../../../dev/product.ts';
import type { Measure } from '../bench.ts';
import { ms } from '../report/row.ts';
import { rounds } from '../rounds.ts';
import { percentile } from '../statistics.ts';

/** A second worker beside the first, from its start until it says that it is ready; the bundle is there. */
export const workerStart: Measure = async ({ size, stage: openStage }) => {
  const stage = await openStage();
  const all = await rounds(size.starts, async (nth) => {
    const start = performance.now();
    const worker = await stage.node(`started-${nth}`, WORKER_ARGS);
    const took = performance.now() - start;
    await worker.stop();
    return took;
  });
  const value = percentile(all, 0.5);
  return [
    {
      goal: 'worker ready ≤ 1 s from a prebuilt bundle',
      reference: '640 ms bare',
      measured: ms(value),
      value,
      bound: { atMost: 1_000 },
      note: `${all.map((each) => each.toFixed(0)).join(', ')} ms, asked every 40 ms`,
    },
  ];
};
