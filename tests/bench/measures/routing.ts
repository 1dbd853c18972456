import { measureRouting } from '../../../tools/routing/bench.ts';
import type { Measure } from '../bench.ts';
import { ms } from '../report/row.ts';

/** The local router alone, on its held-out requests and on long texts. */
export const routing: Measure = async () => {
  const { p50Us, p99Us } = await measureRouting();
  const p99Ms = p99Us / 1_000;
  return [
    {
      goal: 'local routing p99 < 1 ms (stretch 0.1)',
      reference: '< 1 ms',
      measured: `${p99Ms.toFixed(3)} ms`,
      value: p99Ms,
      bound: { atMost: 1, stretch: 0.1 },
      note: `p50 ${ms(p50Us / 1_000)}`,
    },
  ];
};
