import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { globSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readRunningSystem, type RunningSystem } from '../../dev/running.ts';
import { eventually } from '../support/eventually.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CANARY = `canary-${randomUUID()}`;

interface Start {
  readonly dataDir: string;
  readonly process: ChildProcess;
  readonly said: string[];
}

/** `npm start` on a folder of its own, by a person whose environment is full of secrets. */
function npmStart(): Start {
  const dataDir = mkdtempSync(join(tmpdir(), 'nubabel-start-'));
  mkdirSync(join(dataDir, 'logs'));
  // As an earlier version has left them.
  for (const [file, text] of [
    ['format', '2\n'],
    ['logs/api.log', ''],
    ['logs/temporal.log', ''],
  ] as const)
    writeFileSync(join(dataDir, file), text, { mode: 0o644 });
  const child = spawn(process.execPath, ['dev/start.mjs'], {
    cwd: ROOT,
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      NUBABEL_DATA_DIR: dataDir,
      AWS_SECRET_ACCESS_KEY: CANARY,
      GITHUB_TOKEN: CANARY,
      NPM_TOKEN: CANARY,
      NUBABEL_DEV_TOKEN: CANARY,
      CREDENTIAL_KEYS: `k1:${Buffer.alloc(32, 7).toString('base64')}`,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => said.push(text));
  return { dataDir, process: child, said };
}

let starts: Start[] = [];
let systems: RunningSystem[] = [];
beforeAll(async () => {
  starts = [npmStart(), npmStart()];
  systems = await Promise.all(
    starts.map(({ dataDir, said, process: { exitCode } }) =>
      eventually(
        'both starts',
        () => {
          if (exitCode !== null) throw new Error(said.join(''));
          return readRunningSystem(dataDir);
        },
        120_000,
      ),
    ),
  );
}, 150_000);
afterAll(async () => {
  const ends = starts.map(({ process: child }) => new Promise((resolve) => child.once('exit', resolve)));
  for (const { process: child } of starts) child.kill('SIGTERM');
  await Promise.all(ends);
  for (const { dataDir } of starts) rmSync(dataDir, { recursive: true, force: true });
}, 60_000);

interface Child {
  readonly name: string;
  readonly environ: string;
  readonly command: string;
}

/** What anybody who may read `/proc` sees of the programs of a start. */
const childrenOf = ({ dataDir }: Start): Child[] => {
  const { children } = JSON.parse(readFileSync(join(dataDir, 'nubabel.pid.json'), 'utf8')) as {
    children: { name: string; pid: number }[];
  };
  return children.map(({ name, pid }) => ({
    name,
    environ: readFileSync(`/proc/${pid}/environ`, 'latin1'),
    command: readFileSync(`/proc/${pid}/cmdline`, 'latin1'),
  }));
};

/** The status of one request with that `Host`. */
const statusOf = (url: string, host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    get(url, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    }).once('error', reject);
  });

describe('npm start, twice at the same moment', () => {
  it('gives every door to one of them only', async () => {
    const doors = systems.flatMap(
      ({ apiUrl, temporalAddress, temporalUiUrl, demoSlackUrl, demoNotionUrl, databaseUrl }) => [
        new URL(apiUrl).port,
        temporalAddress.split(':')[1],
        new URL(temporalUiUrl ?? '').port,
        new URL(demoSlackUrl ?? '').port,
        new URL(demoNotionUrl ?? '').port,
        new URL(databaseUrl).port,
      ],
    );
    expect(new Set(doors).size).toBe(12);
    for (const { apiUrl } of systems) expect((await fetch(`${apiUrl}/health/ready`)).status).toBe(200);
  });

  it('gives no program a secret that it has no use for, and none in its arguments', () => {
    const children = starts.flatMap(childrenOf);
    expect(new Set(children.map(({ name }) => name))).toEqual(
      new Set(['postgres', 'temporal', 'demo-model', 'demo-slack', 'demo-notion', 'api', 'worker-1']),
    );
    const secrets = starts.flatMap(({ dataDir }) =>
      ['payload-keys', 'demo-slack-signing-secret', 'demo-slack-bot-token', 'demo-notion-token'].map((name) =>
        readFileSync(join(dataDir, name), 'utf8').trim(),
      ),
    );
    for (const { name, environ, command } of children) {
      for (const secret of [CANARY, ...secrets]) expect([name, command.includes(secret)]).toEqual([name, false]);
      expect([name, /AWS_SECRET|GITHUB_TOKEN|NPM_TOKEN/.test(environ)]).toEqual([name, false]);
      if (name !== 'api' && name !== 'worker-1')
        expect([name, /CREDENTIAL_KEYS|NUBABEL_DEV_TOKEN|DATABASE_URL|PAYLOAD_KEYS/.test(environ)]).toEqual([
          name,
          false,
        ]);
    }
  });

  it('keeps everything in its folder to its owner, also what was more open before', () => {
    for (const { dataDir } of starts) {
      const places = ['', ...readdirSync(dataDir), ...globSync('logs/*', { cwd: dataDir })];
      const modes = places.map((name) => {
        const { mode } = lstatSync(join(dataDir, name));
        return [name, (mode & 0o077).toString(8)];
      });
      expect(modes).toEqual(places.map((name) => [name, '0']));
      expect(places).toEqual(expect.arrayContaining(['temporal.db', 'logs/api.log', 'temporal.toml']));
    }
  });

  it('answers no name but this machine’s own, so that no web page reaches a door by a name of its own', async () => {
    for (const { apiUrl, temporalUiUrl = '', demoSlackUrl = '', demoNotionUrl = '' } of systems)
      for (const url of [apiUrl, temporalUiUrl, demoSlackUrl, demoNotionUrl]) {
        const { port } = new URL(url);
        for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`])
          expect([url, host, await statusOf(`${url}/`, host)]).not.toEqual([url, host, 421]);
        for (const host of [
          `evil.example:${port}`,
          'evil.example',
          `127.0.0.1.evil.example:${port}`,
          `localhost.evil:${port}`,
          '0.0.0.0',
        ])
          expect([url, host, await statusOf(`${url}/`, host)]).toEqual([url, host, 421]);
      }
  });
});
