import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { ChildSpec } from '../../dev/child.ts';
import { processMark, signalProcess } from '../../dev/processes.ts';
import { Supervisor, type KnownChild } from '../../dev/supervise.ts';
import { until } from '../../dev/until.ts';
import { program, scratch } from './scratch.ts';

const READY = "process.send({ type: 'ready' }); setInterval(() => {}, 1000);";

function nubabel() {
  const folder = scratch();
  const said: string[] = [];
  const seen: KnownChild[][] = [];
  const supervisor = new Supervisor({ print: (line) => said.push(line), onChange: (children) => seen.push(children) });
  const node = (name: string, code: string): ChildSpec => ({
    name,
    command: process.execPath,
    args: ['-e', code],
    env: { PATH: process.env['PATH'] },
    logFile: join(folder, `${name}.log`),
    readyWhen: 'message',
  });
  const pidOf = (name: string) => seen.at(-1)?.find((child) => child.name === name)?.pid ?? 0;
  return { folder, said, seen, supervisor, node, pidOf };
}

const isGone = (pid: number) => until(() => processMark(pid) === undefined, { withinMs: 5_000 });

describe('Supervisor', () => {
  it('starts a killed program again, says so in a line, and leaves nothing when it stops', async () => {
    const { supervisor, node, pidOf, said, seen } = nubabel();
    await supervisor.add(node('one', READY), node('two', READY));
    const [one, two] = [pidOf('one'), pidOf('two')];
    signalProcess(one, 'SIGKILL');
    expect(await until(() => pidOf('one') > 0 && pidOf('one') !== one, { withinMs: 5_000 })).toBe(true);
    expect(said).toEqual(['! one ended (SIGKILL); it starts again in 0.2 s.']);
    const again = pidOf('one');
    await supervisor.stop();
    expect([await isGone(again), await isGone(two)]).toEqual([true, true]);
    expect(seen.at(-1)).toEqual([]);
  });

  it('waits longer after every death and shows what the program said, once', async () => {
    const { supervisor, node, folder, said } = nubabel();
    const once = join(folder, 'started');
    const code = `const fs = require('fs');
      if (fs.existsSync('${once}')) { console.error('no database'); process.exit(1); }
      fs.writeFileSync('${once}', ''); process.send({ type: 'ready' }); setTimeout(() => process.exit(2), 50);`;
    await supervisor.add(node('api', code));
    const lines = () => said.filter((line) => line.startsWith('!'));
    expect(await until(() => lines().length >= 3, { withinMs: 10_000 })).toBe(true);
    await supervisor.stop();
    expect(lines().slice(0, 3)).toEqual([
      '! api ended (exit code 2); it starts again in 0.2 s.',
      '! api ended (exit code 1); it starts again in 0.4 s.',
      '! api ended (exit code 1); it starts again in 0.8 s.',
    ]);
    expect(said.filter((line) => line.includes('no database'))).toHaveLength(1);
  });

  it('ends the last batch first, and each only when the one after it is gone', async () => {
    const { supervisor, node, folder } = nubabel();
    const notes = join(folder, 'notes');
    const slow = (name: string) =>
      `process.on('SIGTERM', () => setTimeout(() => { require('fs').appendFileSync('${notes}', '${name} '); process.exit(); }, 60)); ${READY}`;
    await supervisor.add(node('database', slow('database')));
    await supervisor.add(node('worker', slow('worker')));
    await supervisor.stop();
    expect(readFileSync(notes, 'utf8')).toBe('worker database ');
  });

  it('kills a program that does not end in time, and what that program started', async () => {
    const { supervisor, folder, pidOf } = nubabel();
    const inner = join(folder, 'inner');
    const command = program(
      join(folder, 'stubborn'),
      `trap '' TERM\n/bin/sleep 600 & echo $! > ${inner}\nwhile :; do wait; done`,
    );
    const readyWhen = async () => readFileSync(inner, 'utf8').endsWith('\n');
    const logFile = join(folder, 'stubborn.log');
    await supervisor.add({ name: 'stubborn', command, args: [], env: {}, logFile, readyWhen, stopWithinMs: 100 });
    const pids = [pidOf('stubborn'), Number(readFileSync(inner, 'utf8'))];
    await supervisor.stop();
    expect(await Promise.all(pids.map(isGone))).toEqual([true, true]);
  });

  it('refuses with its last lines when a program ends before it was ready', async () => {
    const { supervisor, node } = nubabel();
    const adding = supervisor.add(node('api', "console.error('port is taken'); process.exit(1)"));
    await expect(adding).rejects.toThrow(/^api ended while starting \(exit code 1\)\.[\s\S]*port is taken/);
    const missing = supervisor.add({ ...node('gone', ''), command: '/nowhere/program' });
    await expect(missing).rejects.toThrow('gone ended while starting (spawn /nowhere/program ENOENT).');
  });

  it('restarts on request without calling it an accident', async () => {
    const { supervisor, node, pidOf, said } = nubabel();
    await supervisor.add(node('api', READY));
    const first = pidOf('api');
    await supervisor.restart('api');
    expect(await until(() => pidOf('api') > 0 && pidOf('api') !== first, { withinMs: 5_000 })).toBe(true);
    await supervisor.stop();
    expect(said).toEqual([]);
  });
});
