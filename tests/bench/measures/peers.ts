import { until } from '../../../dev/until.ts';
import type { Measure } from '../bench.ts';
import { inTurn } from '../client/callers.ts';
import { follow } from '../client/follower.ts';
import { modelCalls, setDelays } from '../client/model.ts';
import { pause } from '../clock.ts';
import { installPeers, openPeer, PEERS, type Peer, type PeerName } from '../peers/peers.ts';
import { ourSide, peerSide, type Side } from '../peers/sides.ts';
import { familyCpuMsOf } from '../processes.ts';
import { mb, ms, perSecond, type Row } from '../report/row.ts';
import { middle, rounds } from '../rounds.ts';
import type { Size } from '../size.ts';
import type { Stage } from '../stage/stage.ts';
import { makeTenant } from '../stage/tenant.ts';
import { percentile, sum } from '../statistics.ts';

const CALLERS = 20;
const MODEL_CALLS = 3;
/** After a load, so that what is written behind the answers counts where it belongs. */
const SETTLE_MS = 500;
/** A worker calls workflows with a timer around each until it is half a minute old, and never again. */
const WORKER_STEADY_MS = 31_000;
/** Jobs under way at a kill: two of three calls have been answered and kept by then, the third is with the model. */
const KILLED = { jobs: 10, answers: [0, 0, 8_000], withinMs: 6_000 };

const KINDS = [
  { kind: 'job', run: (side: Side) => side.job() },
  { kind: 'job with an approval', run: (side: Side) => side.approvedJob() },
] as const;
type Kind = (typeof KINDS)[number];

/** The same agent job on the product and on each peer, in turn in every round. */
export const peers: Measure = async ({ size, freshStage, tell }) => {
  const stage = await freshStage();
  const opened = performance.now();
  const running: Peer[] = [];
  try {
    const tenant = await makeTenant(stage);
    const follower = await follow(stage, tenant);
    tell('  installing the peers …');
    const folder = await installPeers();
    for (const name of Object.keys(PEERS) as PeerName[]) running.push(await openPeer(stage, folder, name));
    const sides = [ourSide(stage, tenant, follower), ...running.map(peerSide)];
    for (const side of sides) for (const { run } of KINDS) await load(() => run(side), size.warmUp, 4);
    await pause(Math.max(0, opened + WORKER_STEADY_MS - performance.now()));
    const idle = sides.map((side) => side.memoryMb());
    const measured = await rounds(size.rounds, async (nth) => {
      tell(`  round ${nth} …`);
      const all: Figures[][] = [];
      for (const kind of KINDS) {
        const one: Figures[] = [];
        for (const side of sides) one.push(await measure(stage, side, kind, size));
        all.push(one);
      }
      return all;
    });
    const memory = sides.map((side, at) => ({ idle: totalOf(idle[at] ?? {}), after: side.memoryMb() }));
    const killed: Killed[] = [];
    for (const side of sides) killed.push(await killInTheMiddle(stage, side));
    follower.close();
    return running.flatMap((peer, at) => {
      const pick = <T>(list: readonly T[]): Pair<T> => ({ ours: list[0] as T, peer: list[at + 1] as T });
      return [
        ...KINDS.flatMap(({ kind }, nth) =>
          loadRows(
            kind,
            peer,
            measured.map((round) => pick(round[nth] ?? [])),
          ),
        ),
        memoryRow(peer, pick(memory)),
        killedRow(peer, pick(killed)),
        linesRow(peer),
      ];
    });
  } finally {
    await Promise.all(running.map((peer) => peer.close()));
    await stage.close();
  }
};

interface Pair<T> {
  readonly ours: T;
  readonly peer: T;
}

interface Figures {
  readonly latenciesMs: readonly number[];
  readonly perSecond: number;
  /** Per job at many callers, by process, ms. */
  readonly cpu: Readonly<Record<string, number>>;
  readonly storedKb: number;
}

async function load(run: () => Promise<void>, count: number, callers: number) {
  const result = await inTurn(count, callers, run);
  if (result.errors.length > 0) throw new Error(`${result.errors.length} jobs failed: ${result.errors[0]}`);
  return result;
}

/** One caller, then many; fails when the model was not asked exactly as often as the job says. */
async function measure(stage: Stage, side: Side, { run }: Kind, size: Size): Promise<Figures> {
  const callsBefore = await modelCalls(stage);
  const one = await load(() => run(side), size.oneCaller, 1);
  await pause(SETTLE_MS);
  const read = async () => ({
    cpu: { ...side.cpuMs(), Postgres: familyCpuMsOf(stage.processes.postgres.pid) } as Record<string, number>,
    bytes: await databaseBytes(stage, side),
  });
  const before = await read();
  const many = await load(() => run(side), size.peerJobs, CALLERS);
  await pause(SETTLE_MS);
  const after = await read();
  const calls = ((await modelCalls(stage)) - callsBefore) / (size.oneCaller + size.peerJobs);
  if (calls !== MODEL_CALLS) throw new Error(`${side.name} made ${calls} model calls per job.`);
  const cpu = Object.entries(after.cpu).map(([name, value]) => [
    name,
    (value - (before.cpu[name] ?? 0)) / size.peerJobs,
  ]);
  return {
    latenciesMs: one.latenciesMs,
    perSecond: many.perSecond,
    cpu: Object.fromEntries(cpu) as Record<string, number>,
    storedKb: (after.bytes - before.bytes) / 1024 / size.peerJobs,
  };
}

async function databaseBytes({ database }: Stage, side: Side): Promise<number> {
  const [row] = await database.look<{ bytes: string }>('select pg_database_size($1) as bytes', [side.database]);
  return Number(row?.bytes);
}

interface Killed {
  readonly kept: number;
  readonly ms: number;
  readonly callsPerJob: number;
}

/**
 * Kills what works while a third of the calls are with the model, starts it again, and sees which jobs end and how many
 * calls were made for it: four per job when only what was under way is asked again, six when all of it is.
 */
async function killInTheMiddle(stage: Stage, side: Side): Promise<Killed> {
  await setDelays(stage, { analysis: 0, answers: KILLED.answers });
  const callsBefore = await modelCalls(stage);
  const calls = async () => (await modelCalls(stage)) - callsBefore;
  const endings = await Promise.all(Array.from({ length: KILLED.jobs }, () => side.begin()));
  const allAsked = async () => (await calls()) === KILLED.jobs * MODEL_CALLS;
  if (!(await until(allAsked, { withinMs: KILLED.withinMs }))) throw new Error(`${side.name} did not ask in time.`);
  await pause(SETTLE_MS);
  await side.kill();
  await setDelays(stage, { analysis: 0, answers: [0] });
  const start = performance.now();
  await side.start();
  const ends = await Promise.allSettled(endings.map((ended) => ended()));
  const kept = ends.filter(({ status }) => status === 'fulfilled').length;
  return { kept, ms: performance.now() - start, callsPerJob: (await calls()) / KILLED.jobs };
}

const totalOf = (byName: Readonly<Record<string, number>>): number => sum(Object.values(byName));

function loadRows(kind: string, { name }: Peer, all: readonly Pair<Figures>[]): Row[] {
  const row = (figure: string, of: (side: Figures) => number, show: (value: number) => string): Row => {
    const [ours, theirs] = [middle(all, (round) => of(round.ours)), middle(all, (round) => of(round.peer))];
    return {
      goal: `${kind}: ${figure}`,
      reference: `${name} ${show(theirs)}`,
      measured: show(ours),
      ratio: ours / theirs,
      value: ours / theirs,
      figures: all.map((round) => ({ ours: of(round.ours), peer: of(round.peer) })),
    };
  };
  const split = (side: keyof Pair<Figures>) =>
    Object.keys(all[0]?.[side].cpu ?? {})
      .map((process) => `${process} ${middle(all, (round) => round[side].cpu[process] ?? 0).toFixed(1)}`)
      .join(', ');
  const stored = (value: number) => `${value.toFixed(1)} kB`;
  return [
    row('one caller p50', ({ latenciesMs }) => percentile(latenciesMs, 0.5), ms),
    row('one caller p95', ({ latenciesMs }) => percentile(latenciesMs, 0.95), ms),
    row(`throughput at ${CALLERS} callers`, (side) => side.perSecond, perSecond),
    {
      ...row('CPU, all processes', ({ cpu }) => totalOf(cpu), ms),
      note: `ours: ${split('ours')}; ${name}: ${split('peer')}`,
    },
    {
      ...row('left in Postgres', ({ storedKb }) => storedKb, stored),
      note: 'ours without Temporal’s history, which the bench keeps in memory',
    },
  ];
}

interface Memory {
  readonly idle: number;
  readonly after: Readonly<Record<string, number>>;
}

function memoryRow({ name }: Peer, { ours, peer }: Pair<Memory>): Row {
  const [our, their] = [totalOf(ours.after), totalOf(peer.after)];
  const split = Object.entries(ours.after).map(([process, value]) => `${process} ${mb(value)}`);
  return {
    goal: 'memory of the processes after all jobs, without Postgres',
    reference: `${name} ${mb(their)}`,
    measured: mb(our),
    ratio: our / their,
    value: our / their,
    note: `ours: ${split.join(', ')}; before: ours ${mb(ours.idle)}, ${name} ${mb(peer.idle)}`,
    figures: { ours, peer },
  };
}

function killedRow({ name }: Peer, { ours, peer }: Pair<Killed>): Row {
  const told = ({ kept, ms }: Killed) => `${kept} of ${KILLED.jobs} in ${(ms / 1_000).toFixed(1)} s`;
  return {
    goal: 'kill -9 amid the calls, start again: jobs that end',
    reference: `${name} ${told(peer)}`,
    measured: told(ours),
    value: ours.kept,
    note:
      `model calls per job (three without a kill, one was under way): ours ${ours.callsPerJob}, ` +
      `${name} ${peer.callsPerJob}; of ours the worker is killed`,
    figures: { ours, peer },
  };
}

const linesRow = ({ name, version, lines }: Peer): Row => ({
  goal: 'lines of code a user writes for this job',
  reference: `${name} ${version}: ${lines}`,
  measured: '0',
  value: 0,
  note: 'neither blank nor a comment; of ours none, one HTTP request asks for it; the product is not counted, nor the libraries',
  figures: { ours: 0, peer: lines, version },
});
