import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ConfigurationError, loadConfig } from '../config.ts';
import { prepareDatabase } from './prepare.ts';

/** `node db/main.ts migrate`: brings DATABASE_URL to today's shape and prints the address for the application. */
async function main(command: string | undefined): Promise<void> {
  if (command !== 'migrate') throw new ConfigurationError('Say what to do: node db/main.ts migrate');
  const { DATABASE_URL: adminUrl, NUBABEL_DATA_DIR: dataDir } = loadConfig();
  const { appUrl, applied } = await prepareDatabase({ adminUrl, secret: () => keptSecret(dataDir) });
  process.stdout.write(
    `${applied.length ? `applied: ${applied.join(', ')}` : 'nothing to apply'}\nDATABASE_URL=${appUrl}\n`,
  );
}

/** The same file that `npm start` keeps; of two who make it at once, one does. */
function keptSecret(dataDir: string): string {
  const file = join(resolve(import.meta.dirname, '..', dataDir), 'database-secret');
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  try {
    writeFileSync(file, `${randomBytes(24).toString('base64url')}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readFileSync(file, 'utf8').trim();
}

await main(process.argv[2]).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
