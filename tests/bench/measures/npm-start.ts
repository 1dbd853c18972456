import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../../dev/paths.ts';
import { anyFreePort } from '../../../dev/ports.ts';
import type { RunningChild } from '../../../dev/child.ts';
import type { Measure } from '../bench.ts';
import { pause } from '../clock.ts';
import { childrenOf, commandOf, cpuMsOf } from '../processes.ts';
import { makeFolder, runChild } from '../stage/children.ts';

const READY = 'Nubabel is ready';
const SETTLE_MS = 3_000;

/** `npm start` twice on an empty folder, everything built: the second time is the usual one. Then the product idles. */
export const npmStart: Measure = async ({ size }) => {
  const dataDir = makeFolder();
  const first = await start(dataDir, 1);
  await first.nubabel.stop();
  const second = await start(dataDir, 2);
  try {
    await pause(SETTLE_MS);
    const idle = await idleShares(second.nubabel.pid, size.idleSeconds);
    const seconds = (value: number) => `${value.toFixed(1)} s`;
    return [
      {
        goal: 'npm start when built < 15 s',
        reference: '15 s',
        measured: seconds(second.seconds),
        value: second.seconds,
        bound: { atMost: 15 },
        note: `the very first one, which makes the database: ${seconds(first.seconds)}`,
      },
      {
        goal: 'idle CPU of API and worker < 5 % of one core',
        reference: '5 %',
        measured: `${idle.app.toFixed(1)} %`,
        value: idle.app,
        bound: { atMost: 5 },
        note: idle.others.map(([name, share]) => `${name} ${share.toFixed(1)} %`).join(', '),
      },
    ];
  } finally {
    await second.nubabel.stop();
  }
};

async function start(dataDir: string, nth: number): Promise<{ nubabel: RunningChild; seconds: number }> {
  const logFile = join(dataDir, `start-${nth}.log`);
  const begin = performance.now();
  const nubabel = await runChild({
    name: 'npm start',
    command: process.execPath,
    args: ['dev/start.mjs'],
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      NUBABEL_DATA_DIR: join(dataDir, 'data'),
      PORT: String(await anyFreePort()),
    },
    cwd: ROOT,
    logFile,
    readyWhen: () => Promise.resolve(readFileSync(logFile, 'utf8').includes(READY)),
    readyWithinMs: 90_000,
    stopWithinMs: 30_000,
  });
  return { nubabel, seconds: (performance.now() - begin) / 1_000 };
}

const NAMES: readonly (readonly [string, RegExp])[] = [
  ['API', /api\/main\.ts/],
  ['worker', /workers\/main\.ts/],
  ['Temporal', /server start-dev/],
  ['fakes', /dev\/fakes\//],
];

/** Shares of one core that the processes of a product use while nobody asks for anything. */
async function idleShares(nubabelPid: number, seconds: number) {
  const parts = childrenOf(nubabelPid).map((pid) => {
    const command = commandOf(pid);
    return { pid, name: NAMES.find(([, pattern]) => pattern.test(command))?.[0] ?? 'others', before: cpuMsOf(pid) };
  });
  await pause(seconds * 1_000);
  const shares = new Map<string, number>();
  for (const { pid, name, before } of parts)
    shares.set(name, (shares.get(name) ?? 0) + (cpuMsOf(pid) - before) / (seconds * 10));
  return { app: (shares.get('API') ?? 0) + (shares.get('worker') ?? 0), others: [...shares] };
}
