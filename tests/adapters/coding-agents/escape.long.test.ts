import { afterEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { spawn, type ChildProcess } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Orders } from '../../fakes/coding-agents/hostile.ts';
import { openAgents, type AgentsOnAMachine } from './fixture.ts';
import { openLocalServices, type LocalServices } from './worker-machine.ts';

const HOSTILE = fileURLToPath(new URL('../../fakes/coding-agents/hostile.ts', import.meta.url));
const ROUNDS = 5;

let agents: AgentsOnAMachine;
let worker: ChildProcess | undefined;
let services: LocalServices | undefined;
afterEach(async () => {
  worker?.kill('SIGKILL');
  await agents?.close();
  services?.close();
});

const commandOf = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
  } catch {
    return '';
  }
};

describe('a coding agent that tries to get out by force', () => {
  it('reads nothing of ours anywhere, raises itself nowhere, and leaves nobody behind', async () => {
    const secret = `secret-${randomUUID()}`;
    services = await openLocalServices();
    const env = { ANTHROPIC_BASE_URL: services.modelApi };
    agents = openAgents({ claudeCodeCommand: HOSTILE, timeoutMs: 180_000, env });
    const { dir } = agents;
    mkdirSync(join(dir, 'data', 'logs'), { recursive: true });
    for (const file of ['.env', 'data/dev-token', 'data/credential-keys', 'data/logs/api.log', 'data/temporal.db'])
      writeFileSync(join(dir, file), secret);
    // A worker as its environment gives it away, were it seen.
    worker = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', `--token=${secret}`], {
      env: { DATABASE_URL: `postgres://app:${secret}@127.0.0.1/x` },
    });
    const orders: Orders = {
      needles: [secret],
      paths: [dir, join(dir, '.env'), join(dir, 'data', 'dev-token'), '/root', '/var/lib', '/run'],
      pids: [process.pid, worker.pid ?? 0],
      thorough: true,
      network: services.network(services.modelApi),
    };
    // Each finds what the one before has left in the folder and the home: nothing that helps.
    for (let round = 0; round < ROUNDS; round++) {
      const { text } = await agents.call('claude_code', JSON.stringify(orders), {}, { timeoutMs: 180_000 });
      expect(JSON.parse(text)).toEqual([]);
      expect(agents.atWork()).toEqual([]);
    }
    expect(services.reached()).toEqual([]);
    const left = globSync('/proc/[0-9]*').map((path) => commandOf(path.slice('/proc/'.length)));
    expect(left.filter((command) => command.includes('sleep 313'))).toEqual([]);
  });
});
