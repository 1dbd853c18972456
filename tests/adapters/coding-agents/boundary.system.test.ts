import { afterEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { execFile } from 'node:child_process';
import { chownSync, existsSync, globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openAgents, type AgentsOnAMachine } from './fixture.ts';
import { openLocalServices, type LocalServices } from './worker-machine.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const HOSTILE = fileURLToPath(new URL('../../fakes/coding-agents/hostile.ts', import.meta.url));

const homes: string[] = [];
let agents: AgentsOnAMachine | undefined;
afterEach(async () => {
  await agents?.close();
  for (const home of homes.splice(0)) rmSync(home, { recursive: true, force: true });
});

describe('a hostile coding agent', () => {
  it('gets nothing of ours: no environment, no file, no process, no descriptor', async () => {
    const secret = `secret-${randomUUID()}`;
    agents = openAgents({ claudeCodeCommand: HOSTILE });
    const { dir } = agents;
    const data = join(dir, 'data');
    mkdirSync(data);
    for (const file of ['.env', '.aws-credentials', 'data/dev-token', 'data/credential-keys'])
      writeFileSync(join(dir, file), secret);
    const paths = [
      ...['.env', 'config.ts', 'package.json', '.data', '.git'].map((name) => join(ROOT, name)),
      dir,
      data,
      join(dir, '.env'),
      join(dir, '.aws-credentials'),
      join(data, 'dev-token'),
      '/root',
      '/var',
      '/run',
      '/etc/shadow',
      '/etc/ssl/private',
      '/sys',
    ];
    process.env['NUBABEL_LEAK_TEST'] = secret;
    const { text } = await agents
      .call('claude_code', JSON.stringify({ needles: [secret], paths, pids: [process.pid, process.ppid] }))
      .finally(() => delete process.env['NUBABEL_LEAK_TEST']);
    expect(JSON.parse(text)).toEqual([]);
  });

  it('works and gets nothing behind a worker whose files are closed to everybody', async () => {
    const { stdout } = await asWorker(['--no-new-privs']);
    expect(stdout).toContain('"text":"[]","isError":false');
  });

  it('gets no more where the worker is no root', async () => {
    const { stdout } = await asWorker(['--reuid', '12345', '--regid', '12345', '--clear-groups']);
    expect(stdout).toContain('"text":"[]","isError":false');
  });
});

describe('the network of a coding agent', () => {
  let services: LocalServices | undefined;
  afterEach(() => {
    services?.close();
    services = undefined;
  });

  it('is its model API and nothing else: not our loopback, metadata, other hosts, UDP or abstract sockets', async () => {
    services = await openLocalServices();
    const { modelApi } = services;
    agents = openAgents({ claudeCodeCommand: HOSTILE, env: { ANTHROPIC_BASE_URL: modelApi } });
    const orders = { needles: [], paths: [], pids: [], network: services.network(modelApi) };
    const { text } = await agents.call('claude_code', JSON.stringify(orders));
    expect(JSON.parse(text)).toEqual([]);
    expect(services.reached()).toEqual([]);
    const told = agents.batches.flat().join('\n');
    expect(told).toContain(`Claude Code was kept from ${services.network(modelApi).tcp[0]}`);
  });

  it('is not even our loopback where the model API is elsewhere, and nothing of a run stays open after it', async () => {
    services = await openLocalServices();
    const folders = () => globSync(join(tmpdir(), 'nubabel-*', 'proxy'));
    const before = folders();
    agents = openAgents({ claudeCodeCommand: HOSTILE, allowedHosts: ['localhost.example.com', '*.internal.example'] });
    const orders = { needles: [], paths: [], pids: [], network: services.network(undefined) };
    const { text } = await agents.call('claude_code', JSON.stringify(orders));
    expect(JSON.parse(text)).toEqual([]);
    expect(services.reached()).toEqual([]);
    expect(folders()).toEqual(before);
  });

  it('has to be its own: where none can be made nothing is delegated, and the words say what to do', async () => {
    const { stdout } = await asWorker(['--bounding-set=-net_admin', '--inh-caps=-all']);
    expect(stdout).toMatch(/Claude Code was not started: .*loopback of its own network cannot be brought up/);
    expect(stdout).toContain('"available":[]');
  });
});

it('where the system offers no boundary nothing is delegated, and the words say what to do', async () => {
  const { stdout, home } = await asWorker(['--bounding-set=-all', '--inh-caps=-all']);
  expect(stdout).toMatch(
    /Claude Code was not started: .* the system does not let it be drawn .* Allow user namespaces/,
  );
  expect(stdout).toContain('"available":[]');
  expect(existsSync(join(home, 'data', 'workspaces', 'run-1'))).toBe(false);
});

/** One task for the hostile agent, from a worker with these rights. */
async function asWorker(rights: readonly string[]): Promise<{ stdout: string; home: string }> {
  const home = mkdtempSync(join(tmpdir(), 'nubabel-worker-'));
  homes.push(home);
  chownSync(home, 12_345, 12_345);
  if (!rights.includes('12345')) chownSync(home, 0, 0);
  const secret = `secret-${randomUUID()}`;
  const prompt = JSON.stringify({ needles: [secret], paths: [home, join(ROOT, 'config.ts'), '/root'], pids: [] });
  const deps = {
    sidecarTimeoutMs: 1_000,
    timeoutMs: 60_000,
    graceMs: 300,
    allowedHosts: [],
    claudeCodeCommand: HOSTILE,
    env: { PATH: `${dirname(process.execPath)}:/usr/bin:/bin`, HOME: home },
    dataDir: join(home, 'data'),
  };
  // As `npm start` runs its workers: what they make is for nobody else.
  const code = `
    process.umask(0o077);
    import { createDelegation } from ${JSON.stringify(join(ROOT, 'adapters/coding-agents/index.ts'))};
    const delegation = createDelegation(${JSON.stringify(deps)});
    const { text, isError } = await delegation.call('claude_code', { prompt: ${JSON.stringify(prompt)} }, {
      signal: new AbortController().signal, timeoutMs: 60000, workspaceKey: 'run-1', onLog() {},
    });
    console.log(JSON.stringify({ text, isError, available: await delegation.available() }));`;
  const { stdout } = await promisify(execFile)(
    'setpriv',
    [...rights, process.execPath, '--input-type=module', '-e', code],
    { env: { PATH: process.env['PATH'], DATABASE_URL: secret }, cwd: ROOT },
  );
  return { stdout, home };
}
