import { sleep } from '@temporalio/workflow';

let counted = 0;
const kept = globalThis as { nubabelSeen?: number };

/** Counts itself twice in a module's variable and a global, with a pause in which others count too. */
export async function counterWorkflow(): Promise<{ module: number[]; global: number[] }> {
  const count = () => [++counted, (kept.nubabelSeen = (kept.nubabelSeen ?? 0) + 1)] as const;
  const first = count();
  await sleep(50);
  const second = count();
  return { module: [first[0], second[0]], global: [first[1], second[1]] };
}
