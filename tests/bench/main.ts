import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { anatomy } from './anatomy/anatomy.ts';
import { createBench, type Bench, type Measure } from './bench.ts';
import { MEASURES, PEER_MEASURES } from './measures/index.ts';
import { readOptions, type Options } from './options.ts';
import { machineFacts } from './report/machine.ts';
import { verdictOf, type Row } from './report/row.ts';
import { toTable } from './report/table.ts';
import { FULL, QUICK } from './size.ts';
import { endAll, leaveNothing } from './stage/children.ts';
import { startServers } from './stage/servers.ts';

/** After `last` no further measure begins, and a bench that takes `longest` has hung and is ended. */
const FULL_TIME = { lastMs: 16 * 60_000, longestMs: 45 * 60_000 };
const QUICK_TIME = { lastMs: 3.1 * 60_000, longestMs: 7 * 60_000 };

const begun = performance.now();
/** From then on everything fails, because its servers are gone, and none of it is news. */
let ending = false;
const tell = (line: string) => {
  if (!ending) process.stderr.write(`${((performance.now() - begun) / 1_000).toFixed(1).padStart(6)} s  ${line}\n`);
};

function endNow(exitCode: number): void {
  ending = true;
  void endAll().finally(() => process.exit(exitCode));
}

process.once('exit', leaveNothing);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => endNow(130));

/** Takes the measures one after the other; one that fails is told and does not stop the others. */
async function main(options: Options): Promise<void> {
  const measures = options.peers ? PEER_MEASURES : MEASURES;
  const unknown = options.only.filter((name) => !(name in measures));
  if (unknown.length > 0)
    throw new Error(`No measure ${unknown.join(', ')}; there are ${Object.keys(measures).join(', ')}.`);
  const size = options.quick ? QUICK : FULL;
  const machine = machineFacts();
  const bench = createBench({ size, servers: await startServers(tell), tell, profile: options.profile });
  const rows: (Row & { measure: string })[] = [];
  const failures: Record<string, string> = {};
  for (const name of Object.keys(measures).filter((each) => options.only.length === 0 || options.only.includes(each))) {
    tell(`${name} …`);
    if (options.only.length === 0 && performance.now() - begun > time.lastMs) {
      failures[name] = 'out of time';
      continue;
    }
    try {
      rows.push(...(await takeMeasure(bench, measures[name])).map((row) => ({ measure: name, ...row })));
    } catch (error) {
      failures[name] = error instanceof Error ? (error.stack ?? error.message) : String(error);
      tell(`${name} failed: ${failures[name]}`);
    }
  }
  await bench.close();
  const seconds = Math.round((performance.now() - begun) / 1_000);
  process.stdout.write(
    `${summary(rows, failures, `${machine.cpus} cores, ${machine.node}, ${size.rounds} rounds, ${seconds} s`)}\n`,
  );
  mkdirSync(dirname(options.json), { recursive: true });
  const judged = rows.map((row) => ({ ...row, verdict: verdictOf(row) }));
  const report = { machine, quick: options.quick, rounds: size.rounds, seconds, size, failures, rows: judged };
  writeFileSync(options.json, `${JSON.stringify(report, undefined, 2)}\n`);
  if (Object.keys(failures).length > 0) process.exitCode = 1;
}

/** `--anatomy`: what single requests ask of everybody. */
async function printAnatomy({ quick }: Options): Promise<void> {
  const { cpus, node, date } = machineFacts();
  process.stdout.write(`${await anatomy({ servers: await startServers(tell), quick, tell })}\n`);
  process.stdout.write(`${cpus} cores, ${node}, ${date.slice(0, 10)}\n`);
}

async function takeMeasure(bench: Bench, measure: Measure | undefined): Promise<readonly Row[]> {
  const rows = (await measure?.(bench)) ?? [];
  for (const row of rows) tell(`  ${row.goal}: ${row.measured} (${row.reference})  ${verdictOf(row)}`);
  return rows;
}

function summary(rows: readonly Row[], failures: Record<string, string>, facts: string): string {
  const judged = rows.filter(({ bound }) => bound);
  const short = judged.filter((row) => verdictOf(row) === 'falls short').length;
  const failed = Object.entries(failures).map(([name, why]) => `Not measured: ${name} (${why.split('\n')[0]})`);
  return [
    '',
    toTable(rows),
    '',
    judged.length > 0
      ? `${judged.length - short} of ${judged.length} goals hold, ${short} fall short.`
      : 'None of this is a goal.',
    ...failed,
    facts,
  ].join('\n');
}

const options = readOptions(process.argv.slice(2));
const time = options.quick ? QUICK_TIME : FULL_TIME;
setTimeout(() => {
  tell('This takes too long; giving up.');
  endNow(1);
}, time.longestMs).unref();
await (options.anatomy ? printAnatomy(options) : main(options)).catch((error: unknown) => {
  tell(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exitCode = 1;
});
await endAll();
// A socket that a library still holds must not keep the terminal waiting.
process.exit();
