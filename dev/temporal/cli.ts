import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { childEnv } from '../child-env.ts';
import { findOnPath } from '../on-path.ts';
import type { PrintLine } from '../terminal.ts';
import { StartError } from '../start-error.ts';
import { buildTemporalCli, TEMPORAL_CLI_VERSION } from './build.ts';
import { downloadTemporalCli } from './download.ts';
import { withLock } from '../lock-file.ts';

const run = promisify(execFile);

interface CliSearch {
  /** `TEMPORAL_CLI`: the one to use, whatever else there is. */
  readonly cliPath?: string;
  readonly cacheDir: string;
  /** `TEMPORAL_CLI_RELEASES`: where releases are downloaded; with `off`, and without, one is built at once. */
  readonly releaseUrl?: string;
  readonly env: NodeJS.ProcessEnv;
  readonly print: PrintLine;
  readonly signal?: AbortSignal;
}

/** The path of a Temporal CLI that runs: the one found, else the release, else one built now. */
export async function ensureTemporalCli(search: CliSearch): Promise<string> {
  const found = await findTemporalCli(search);
  if (found) return found;
  const target = cachedCli(search.cacheDir);
  makeWritable(dirname(target), search.cacheDir);
  const isGood = async () => existsSync(target) && !(await whyBroken(target, search.env));
  await withLock(target, search, async () => {
    // Another start may have made it while this one waited.
    if ((await isGood()) || ((await download(search, target)) && (await isGood()))) return;
    await buildTemporalCli({ ...search, target, isGood });
  });
  return target;
}

/** @throws StartError in a sentence where the cache is read-only, or somebody else's. */
function makeWritable(folder: string, cacheDir: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    throw new StartError(
      `The cache folder ${cacheDir}, where Temporal's server is kept, cannot be written to (${code}). Set NUBABEL_CACHE_DIR to another one, or TEMPORAL_CLI to a temporal program.`,
    );
  }
}

const download = ({ releaseUrl, print, signal }: CliSearch, target: string): Promise<boolean> =>
  releaseUrl && releaseUrl !== 'off'
    ? downloadTemporalCli({ target, version: TEMPORAL_CLI_VERSION, releaseUrl, print, signal })
    : Promise.resolve(false);

/** The named one, the one on PATH or the one built earlier; undefined when none runs. */
export async function findTemporalCli({ cliPath, cacheDir, env, print }: CliSearch): Promise<string | undefined> {
  if (cliPath) {
    const problem = await whyBroken(cliPath, env);
    if (!problem) return cliPath;
    throw new StartError(`TEMPORAL_CLI names ${cliPath}, which does not run as a Temporal CLI (${problem}).`);
  }
  const onPath = findOnPath('temporal', env);
  if (onPath && !(await whyBroken(onPath, env))) return onPath;
  const cached = cachedCli(cacheDir);
  if (!existsSync(cached)) return undefined;
  const problem = await whyBroken(cached, env);
  if (!problem) return cached;
  print(`! ${cached} does not run (${problem}); it is made again.`);
  return undefined;
}

const cachedCli = (cacheDir: string) => join(cacheDir, `temporal-${TEMPORAL_CLI_VERSION}`, 'temporal');

async function whyBroken(cli: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  try {
    const { stdout } = await run(cli, ['--version'], { env: childEnv(env), timeout: 20_000 });
    return /temporal/i.test(stdout) ? undefined : 'its --version does not mention Temporal';
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return typeof code === 'string' ? code : (message.split('\n')[0] ?? 'no reason given');
  }
}
