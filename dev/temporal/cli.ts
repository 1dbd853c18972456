import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findOnPath } from '../on-path.ts';
import type { Tell } from '../say.ts';
import { StartError } from '../start-problem.ts';
import { buildTemporalCli, TEMPORAL_CLI_VERSION } from './build.ts';

const run = promisify(execFile);

export interface CliSearch {
  /** `TEMPORAL_CLI`: the one to use, whatever else there is. */
  readonly cliPath?: string;
  readonly cacheDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly tell: Tell;
  readonly signal?: AbortSignal;
}

/** The path of a Temporal CLI that runs: the one found, or one built now. */
export async function ensureTemporalCli(search: CliSearch): Promise<string> {
  const found = await findTemporalCli(search);
  if (found) return found;
  const target = cachedCli(search.cacheDir);
  await buildTemporalCli({ ...search, target, isGood: async () => !(await whyBroken(target, search.env)) });
  return target;
}

/** The named one, the one on PATH or the one built earlier; undefined when none runs. */
export async function findTemporalCli({ cliPath, cacheDir, env, tell }: CliSearch): Promise<string | undefined> {
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
  tell(`! ${cached} does not run (${problem}); it is built again.`);
  return undefined;
}

const cachedCli = (cacheDir: string) => join(cacheDir, `temporal-${TEMPORAL_CLI_VERSION}`, 'temporal');

async function whyBroken(cli: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  try {
    const { stdout } = await run(cli, ['--version'], { env, timeout: 20_000 });
    return /temporal/i.test(stdout) ? undefined : 'its --version does not mention Temporal';
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return typeof code === 'string' ? code : (message.split('\n')[0] ?? 'no reason given');
  }
}
