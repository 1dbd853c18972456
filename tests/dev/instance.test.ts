import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { claimDataDir, pidFileOf, runningInstance } from '../../dev/instance.ts';
import { processMark, signalProcess } from '../../dev/processes.ts';
import { readRunningSystem, writeRunningSystem } from '../../dev/running.ts';
import { until } from '../../dev/until.ts';
import { scratch } from './scratch.ts';

const DEAD = { pid: 4_000_000, mark: 'an earlier boot:1' };

function sleeper(): number {
  const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
  child.unref();
  return child.pid ?? 0;
}

const toKnown = (pid: number, mark = processMark(pid)) => ({
  name: 'api',
  pid,
  mark,
  stopSignal: 'SIGTERM',
  command: 'sleep 600',
});

describe('the pid file', () => {
  it('keeps a second start away from a running one, in one sentence', async () => {
    const dataDir = scratch();
    const first = await claimDataDir(dataDir, { print: () => undefined });
    await expect(claimDataDir(dataDir, { print: () => undefined })).rejects.toThrow(
      `Nubabel is already running on ${dataDir} (process ${process.pid}).`,
    );
    expect(statSync(pidFileOf(dataDir)).mode & 0o777).toBe(0o600);
    first.release();
    expect(existsSync(pidFileOf(dataDir))).toBe(false);
  });

  it('ends what a killed start left running', async () => {
    const [dataDir, left, said] = [scratch(), sleeper(), [] as string[]];
    writeFileSync(pidFileOf(dataDir), JSON.stringify({ ...DEAD, children: [toKnown(left)] }));
    const instance = await claimDataDir(dataDir, { print: (line) => said.push(line) });
    expect(await until(() => processMark(left) === undefined, { withinMs: 5_000 })).toBe(true);
    expect(said).toEqual([`! Ended what an earlier start left running: api (${left}).`]);
    instance.release();
  });

  it('leaves a process alone that got the pid of an earlier child', async () => {
    const [dataDir, outsider] = [scratch(), sleeper()];
    writeFileSync(pidFileOf(dataDir), JSON.stringify({ ...DEAD, children: [toKnown(outsider, 'an earlier boot:2')] }));
    const instance = await claimDataDir(dataDir, { print: () => undefined });
    expect(processMark(outsider)).toBeDefined();
    signalProcess(outsider, 'SIGKILL');
    instance.release();
  });

  it('survives a file that was cut off, and writes nothing after its release', async () => {
    const dataDir = scratch();
    writeFileSync(pidFileOf(dataDir), '{"pid": 12');
    const instance = await claimDataDir(dataDir, { print: () => undefined });
    const mine = { name: 'api', pid: process.pid, stopSignal: 'SIGTERM' } as const;
    instance.record([mine]);
    expect(JSON.parse(readFileSync(pidFileOf(dataDir), 'utf8')).children).toMatchObject([mine]);
    instance.release();
    instance.record([mine]);
    expect(existsSync(pidFileOf(dataDir))).toBe(false);
  });
});

describe('readRunningSystem', () => {
  const system = {
    apiUrl: 'http://a',
    token: 't',
    temporalAddress: 'b',
    temporalNamespace: 'default',
    databaseUrl: 'c',
  };

  it('knows the addresses only while the start that wrote them lives', async () => {
    const dataDir = scratch();
    writeRunningSystem(dataDir, system);
    expect(readRunningSystem(dataDir)).toBeUndefined();
    const instance = await claimDataDir(dataDir, { print: () => undefined });
    expect(readRunningSystem(dataDir)).toEqual(system);
    expect(runningInstance(dataDir)).toEqual({ pid: process.pid });
    instance.release();
  });
});
