import type { Measure } from '../bench.ts';
import { inTurn } from '../client/callers.ts';
import { follow } from '../client/follower.ts';
import { ask } from '../client/rest.ts';
import { perSecond } from '../report/row.ts';
import { middle, rounds } from '../rounds.ts';
import { makeTenant } from '../stage/tenant.ts';

/** The same requests from one organization and spread over fifty, in turn; all streams are open throughout. */
export const organizations: Measure = async ({ size, stage: openStage }) => {
  const stage = await openStage();
  const members = await rounds(size.organizations, async () => {
    const tenant = await makeTenant(stage);
    return { tenant, follower: await follow(stage, tenant) };
  });
  const from = async (count: number) => {
    let nth = 0;
    const load = await inTurn(size.perOrganizationRound, size.callers, async () => {
      const member = members[nth++ % count];
      if (member) await member.follower.completed(await ask(stage, member.tenant));
    });
    if (load.errors.length > 0) throw new Error(load.errors[0]);
    return load.perSecond;
  };
  const all = await rounds(size.rounds, async () => ({ one: await from(1), many: await from(members.length) }));
  members.forEach(({ follower }) => follower.close());
  const [one, many] = [middle(all, (round) => round.one), middle(all, (round) => round.many)];
  return [
    {
      goal: `${size.organizations} organizations ≥ 0.9 × one`,
      reference: `one: ${perSecond(one)}`,
      measured: perSecond(many),
      ratio: many / one,
      value: many / one,
      bound: { atLeast: 0.9 },
      figures: all,
    },
  ];
};
