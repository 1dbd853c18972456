import { afterEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { eventually } from '../../support/eventually.ts';
import { isAlive, openAgents, type AgentsOnAMachine } from './fixture.ts';

let agents: AgentsOnAMachine;
afterEach(() => agents?.close());

/** Everybody that a run has started: the agent and what it left running, below the first process of the boundary. */
const everybody = async (count: number, key?: string): Promise<number[]> =>
  eventually(`${count} processes`, () => {
    const pids = agents.starts().length > 0 ? agents.atWork(key) : [];
    return pids.length === count + 1 && pids;
  });

/** A killed process takes a moment to go. */
const gone = (pids: readonly number[]) => eventually('everybody to be gone', () => !pids.some(isAlive), 5_000);

function watchdogOf(pid: number): number {
  if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('watchdog.ts')) return pid;
  return watchdogOf(Number(/\) \w (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]));
}

describe('a coding agent', () => {
  it('ends with all it has started when it is cancelled, also when it does not listen', async () => {
    agents = openAgents();
    const cancel = new AbortController();
    const running = agents.call('claude_code', '[[child]][[ignore-sigterm]][[hang]]', {}, { signal: cancel.signal });
    const pids = await everybody(2);
    cancel.abort();
    await expect(running).rejects.toMatchObject({ name: 'ToolCallError', kind: 'cancelled' });
    await gone(pids);
  });

  it('ends when its time is over, and says how to go on', async () => {
    agents = openAgents({ timeoutMs: 2_500 });
    const running = agents.call('cursor', '[[say begun]][[ignore-sigterm]][[hang]]');
    const pids = await everybody(1);
    const { text, isError, data } = await running;
    expect(isError).toBe(true);
    expect(text).toBe(`Cursor was stopped after 3 s. Session ${String(data?.['sessionId'])} can go on from there.`);
    await gone(pids);
  });

  it('leaves nothing running behind when it is done, not even in a group of its own', async () => {
    agents = openAgents();
    const result = await agents.call('claude_code', '[[child]][[detached-child]]');
    expect(result.isError).toBe(false);
    expect(agents.starts()).toHaveLength(1);
    expect(agents.atWork()).toEqual([]);
  });

  it('leaves no orphan when our own process is killed', async () => {
    agents = openAgents();
    const { dir } = agents;
    const code = `
      import { createDelegation } from ${JSON.stringify(new URL('../../../adapters/coding-agents/index.ts', import.meta.url).href)};
      const delegation = createDelegation(${JSON.stringify({
        sidecarTimeoutMs: 1_000,
        timeoutMs: 60_000,
        allowedHosts: [],
        env: { PATH: [join(dir, 'bin'), dirname(process.execPath), '/usr/bin:/bin'].join(':'), HOME: dir },
        dataDir: join(dir, 'data'),
        graceMs: 300,
      })});
      await delegation.call('claude_code', { prompt: '[[child]][[detached-child]][[ignore-sigterm]][[hang]]' }, {
        signal: new AbortController().signal, timeoutMs: 60000, workspaceKey: 'doomed', onLog() {},
      });`;
    const worker = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: 'inherit' });
    const pids = await everybody(3, 'doomed');
    expect(pids.filter(isAlive)).toEqual(pids);
    worker.kill('SIGKILL');
    await gone(pids);
  });

  it('is not left alone when its watchdog is killed', async () => {
    agents = openAgents();
    const running = agents.call('claude_code', '[[child]][[ignore-sigterm]][[hang]]');
    const pids = await everybody(2);
    process.kill(watchdogOf(pids[0] ?? 0), 'SIGKILL');
    expect(await running).toMatchObject({ isError: true, text: expect.stringMatching(/ended by SIGKILL before/) });
    await gone(pids);
  });

  it('works in a session once at a time', async () => {
    agents = openAgents();
    const cancel = new AbortController();
    const running = agents.call('claude_code', '[[hang]]', {}, { signal: cancel.signal });
    await everybody(1);
    expect(await agents.call('claude_code', 'x')).toMatchObject({
      isError: true,
      text: expect.stringMatching(/is at work/),
    });
    cancel.abort();
    await expect(running).rejects.toMatchObject({ kind: 'cancelled' });
  });

  it('is not started for a call that was cancelled before', async () => {
    agents = openAgents();
    const call = agents.call('claude_code', '[[write x]]', {}, { signal: AbortSignal.abort() });
    await expect(call).rejects.toMatchObject({ kind: 'cancelled' });
    expect(agents.starts()).toEqual([]);
  });
});
