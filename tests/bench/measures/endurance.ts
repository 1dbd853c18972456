import type { Measure } from '../bench.ts';
import { inTurn } from '../client/callers.ts';
import { follow } from '../client/follower.ts';
import { ask } from '../client/rest.ts';
import { perSecond } from '../report/row.ts';
import { rounds } from '../rounds.ts';
import { makeTenant } from '../stage/tenant.ts';

/** Blocks of requests one after the other: what is stored must not slow what comes. */
export const endurance: Measure = async ({ size, stage: openStage }) => {
  const stage = await openStage();
  const tenant = await makeTenant(stage);
  const follower = await follow(stage, tenant);
  const blocks = await rounds(size.blocks, async () => {
    const load = await inTurn(size.perBlock, size.callers, async () => follower.completed(await ask(stage, tenant)));
    if (load.errors.length > 0) throw new Error(load.errors[0]);
    return load.perSecond;
  });
  follower.close();
  const [second = Number.NaN, last = Number.NaN] = [blocks[1], blocks.at(-1)];
  return [
    {
      goal: `block ${size.blocks} of ${size.perBlock} requests ≥ 0.9 × block 2`,
      reference: `block 2: ${perSecond(second)}`,
      measured: perSecond(last),
      ratio: last / second,
      value: last / second,
      bound: { atLeast: 0.9 },
      note: `blocks: ${blocks.map((rate) => rate.toFixed(1)).join(', ')}/s`,
    },
  ];
};
