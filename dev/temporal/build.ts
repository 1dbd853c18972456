import { execFile, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { childEnv, PROXIES } from '../child-env.ts';
import { findOnPath } from '../on-path.ts';
import type { PrintLine } from '../terminal.ts';
import { StartError } from '../start-error.ts';

const run = promisify(execFile);

/** What Go, and the compilers and Git that it calls, may need. */
const GO = /^(?:GO\w+|CGO_\w+|CC|CXX|AR|PKG_CONFIG\w*|GIT_\w+)$/;
const goEnv = (env: NodeJS.ProcessEnv) => childEnv(env, GO, PROXIES);

export const TEMPORAL_CLI_VERSION = '1.8.2';
const NEEDED_GO = '1.26.4';
const OTHERWISE = 'or set TEMPORAL_CLI to a temporal program, or TEMPORAL_ADDRESS to a running server';
const HEARTBEAT_MS = 10_000;

interface Build {
  readonly target: string;
  readonly env: NodeJS.ProcessEnv;
  readonly print: PrintLine;
  readonly signal?: AbortSignal;
  /** Whether what lies there runs. */
  readonly isGood: () => Promise<boolean>;
  readonly heartbeatMs?: number;
}

/** Builds the Temporal CLI (server, Web UI and command line in one program) from Go's module proxy. The caller holds the lock. */
export async function buildTemporalCli(build: Build): Promise<void> {
  await compile(await requireGo(build.env), build);
  if (await build.isGood()) return;
  throw new StartError(
    `The Temporal CLI was built as ${build.target} but does not run on this machine; ${OTHERWISE.slice(3)}.`,
  );
}

/** Asked inside our module, an older Go that may fetch toolchains answers as the one it fetched. */
async function requireGo(env: NodeJS.ProcessEnv): Promise<string> {
  const go = findOnPath('go', env);
  if (!go) {
    throw new StartError(
      `No Temporal server and no Go to build one: install Go ${NEEDED_GO} or newer (https://go.dev/dl), ${OTHERWISE}.`,
    );
  }
  const asked = await run(go, ['version'], { cwd: import.meta.dirname, env: goEnv(env) }).then(
    ({ stdout }) => ({ version: /go(\d+(?:\.\d+)*)/.exec(stdout)?.[1] ?? stdout.trim(), why: '' }),
    (error: Error & { stderr?: string }) => ({
      version: '',
      why: (error.stderr || error.message).trim().split('\n').at(-1) ?? '',
    }),
  );
  if (asked.version && !isOlder(asked.version, NEEDED_GO)) return go;
  const found = asked.version ? `${go} is Go ${asked.version}` : `${go} could not fetch a newer one (${asked.why})`;
  throw new StartError(
    `Building Temporal's server needs Go ${NEEDED_GO} or newer, and ${found}: install it from https://go.dev/dl, ${OTHERWISE}.`,
  );
}

export function isOlder(version: string, needed: string): boolean {
  const [have, want] = [version, needed].map((text) => text.split('.').map((part) => Number.parseInt(part, 10) || 0));
  const difference = [0, 1, 2].map((index) => (have?.[index] ?? 0) - (want?.[index] ?? 0)).find((each) => each !== 0);
  return (difference ?? 0) < 0;
}

async function compile(go: string, { target, env, print, signal, heartbeatMs = HEARTBEAT_MS }: Build): Promise<void> {
  const folder = dirname(target);
  mkdirSync(folder, { recursive: true });
  // We hold the lock, so whatever unfinished program lies here belongs to a build that was killed.
  for (const name of readdirSync(folder)) if (name.startsWith('building-')) rmSync(join(folder, name), { force: true });
  const unfinished = join(folder, `building-${process.pid}`);
  print("  Building Temporal's server with Go. Only the first time; this takes some minutes.");
  const began = performance.now();
  const seconds = () => Math.round((performance.now() - began) / 1000);
  const heartbeat = setInterval(() => print(`  … still building Temporal's server (${seconds()} s)`), heartbeatMs);
  try {
    await goBuild(go, { output: unfinished, env, signal });
    chmodSync(unfinished, 0o755);
    renameSync(unfinished, target);
    print(`  Temporal's server is built (${seconds()} s).`);
  } finally {
    clearInterval(heartbeat);
    rmSync(unfinished, { force: true });
  }
}

function goBuild(
  go: string,
  { output, env, signal }: { output: string; env: NodeJS.ProcessEnv; signal?: AbortSignal },
) {
  const flags = `-s -w -X github.com/temporalio/cli/internal/temporalcli.Version=${TEMPORAL_CLI_VERSION}`;
  const args = ['build', '-trimpath', '-ldflags', flags, '-o', output, 'github.com/temporalio/cli/cmd/temporal'];
  return new Promise<void>((resolve, reject) => {
    const child = spawn(go, args, {
      cwd: import.meta.dirname,
      env: goEnv(env),
      signal,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4_000)));
    child.once('error', reject);
    child.once('close', (code, killedBy) => {
      if (code === 0) return resolve();
      const lines = said
        .trimEnd()
        .split('\n')
        .filter((line) => !line.startsWith('go: downloading'));
      const why = lines
        .slice(-6)
        .map((line) => `    ${line}`)
        .join('\n');
      reject(
        new StartError(
          `Building Temporal's server failed (${killedBy ?? `exit code ${code}`}); ${OTHERWISE.slice(3)}. Go said:\n${why}`,
        ),
      );
    });
  });
}
