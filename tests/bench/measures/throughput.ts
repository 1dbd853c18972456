import type { Measure } from '../bench.ts';
import { cpuPerRequest, serverAndApp, serverAndBare, type Cpu } from '../cpu.ts';
import { inTurn } from '../client/callers.ts';
import { follow } from '../client/follower.ts';
import { ask } from '../client/rest.ts';
import { ms, perSecond } from '../report/row.ts';
import { middle, rounds } from '../rounds.ts';
import { makeTenant } from '../stage/tenant.ts';
import { sum } from '../statistics.ts';

/** A hundred callers at once, bare and ours in turn, and what each request costs the machine. */
export const throughput: Measure = async ({ size, stage: openStage, bare: openBare }) => {
  const [stage, bare] = [await openStage(), await openBare()];
  const { manyCallers: requests, callers } = size;
  const tenant = await makeTenant(stage);
  const follower = await follow(stage, tenant);
  const input = { analyze: true, agents: 3, reporting: false };
  const all = await rounds(size.rounds, async () => ({
    bare: await cpuPerRequest({ stage, bare, requests }, () =>
      bare.run({ count: requests, callers, workflow: 'bareWorkflow', input }),
    ),
    ours: await cpuPerRequest({ stage, bare, requests }, () =>
      inTurn(requests, callers, async () => follower.completed(await ask(stage, tenant))),
    ),
  }));
  follower.close();
  const errors = all.flatMap(({ ours }) => ours.result.errors);
  const rate = middle(all, ({ ours }) => ours.result.perSecond);
  const bareRate = middle(all, ({ bare }) => bare.result.perSecond);
  const cpu = middle(all, ({ ours }) => serverAndApp(ours.cpu));
  const bareCpu = middle(all, ({ bare }) => serverAndBare(bare.cpu));
  return [
    {
      goal: `throughput at ${callers} callers ≥ 0.7 × bare`,
      reference: `bare ${perSecond(bareRate)}`,
      measured: perSecond(rate),
      ratio: rate / bareRate,
      value: rate / bareRate,
      bound: { atLeast: 0.7 },
      figures: all.map(({ ours, bare }) => ({ ours: ours.result.perSecond, bare: bare.result.perSecond })),
    },
    {
      goal: `errors at ${callers} callers: 0`,
      reference: '0',
      measured: `${errors.length} of ${sum(all.map(() => requests))}`,
      value: errors.length,
      bound: { atMost: 0 },
      note: errors[0],
    },
    {
      goal: 'CPU per request of Temporal and our processes ≤ 1.4 × bare',
      reference: `bare ${ms(bareCpu)}`,
      measured: ms(cpu),
      ratio: cpu / bareCpu,
      value: cpu / bareCpu,
      bound: { atMost: 1.4 },
      note: splitOf(all.map(({ bare, ours }) => ({ bare: bare.cpu, ours: ours.cpu }))),
      figures: all.map(({ bare, ours }) => ({ bare: bare.cpu, ours: ours.cpu })),
    },
  ];
};

function splitOf(all: readonly { readonly bare: Cpu; readonly ours: Cpu }[]): string {
  const of = (side: 'bare' | 'ours', name: keyof Cpu) => middle(all, (round) => round[side][name]).toFixed(1);
  return (
    `ours: Temporal ${of('ours', 'temporal')}, API ${of('ours', 'api')}, worker ${of('ours', 'worker')} ` +
    `(beside it Postgres ${of('ours', 'postgres')}, fakes ${of('ours', 'fakes')}); ` +
    `bare: Temporal ${of('bare', 'temporal')}, client ${of('bare', 'bareClient')}, worker ${of('bare', 'bareWorker')}`
  );
}
