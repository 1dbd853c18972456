import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { z } from 'zod';
import { childEnv, NODE } from './child-env.ts';
import { ROOT } from './paths.ts';
import { StartError } from './start-error.ts';

/** What is built from our sources before the product can run. */
export type BuildName = 'console' | 'workflow-bundle';

const Built = z.object({ path: z.string(), rebuilt: z.boolean() });
type Built = z.infer<typeof Built>;

/** Builds in a process of its own: the bundlers are heavy to load, and the servers start meanwhile. */
export function runBuild(
  name: BuildName,
  { env, signal }: { env: NodeJS.ProcessEnv; signal: AbortSignal },
): Promise<Built> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'build-main.ts'), name], {
      cwd: ROOT,
      env: childEnv(env, NODE),
      signal,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4_000)));
    }
    let built: Built | undefined;
    child.on('message', (message) => (built = Built.parse(message)));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0 && built) return resolve(built);
      reject(new StartError(`Building the ${name.replace('-', ' ')} failed:\n${said.trimEnd()}`));
    });
  });
}
