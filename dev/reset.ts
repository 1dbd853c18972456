import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { ConfigurationError, loadSettings } from '../config.ts';
import { ownEntries } from './data-format.ts';
import { claimDataDir } from './instance.ts';
import { loadEnvFile } from './env-file.ts';
import { dataDirOf } from './paths.ts';
import { foldersElsewhere } from './postgres/reachable-folder.ts';
import { createTerminal } from './terminal.ts';
import { StartError } from './start-error.ts';

const terminal = createTerminal();
process.exitCode = await reset(process.argv.slice(2)).catch((error: unknown) => {
  const isExpected = error instanceof StartError || error instanceof ConfigurationError;
  terminal.line(`✗ ${isExpected ? error.message : error instanceof Error ? error.stack : String(error)}`);
  return 1;
});

/** `npm run reset`: removes what starts have left on this machine and nothing else, after a question. */
async function reset(args: string[]): Promise<number> {
  const { yes } = parseArgs({ args, options: { yes: { type: 'boolean', default: false } } }).values;
  loadEnvFile();
  const settings = loadSettings();
  const dataDir = dataDirOf(settings);
  const elsewhere = foldersElsewhere(`${dataDir}/postgres`);
  const isThere = existsSync(dataDir) && readdirSync(dataDir).length > 0;
  const own = isThere ? ownEntries(dataDir) : [];
  if (!own)
    throw new StartError(
      `Nothing was removed: ${dataDir} does not look like a data folder of Nubabel. If it is one, remove it yourself.`,
    );
  const found = [dataDir, ...elsewhere].filter((folder) => existsSync(folder));
  if (found.length === 0) {
    terminal.line(`There is nothing to remove: ${dataDir} is not there.`);
    return 0;
  }
  terminal.line('This removes for good, with every organization, request and setting that was made with npm start:');
  for (const folder of found) terminal.line(`  ${folder}`);
  if (settings.DATABASE_URL) terminal.line('The database of DATABASE_URL is yours and stays as it is.');
  if (!yes && !(await agrees())) {
    terminal.line('Nothing was removed.');
    return 1;
  }
  // Refuses while a start uses it, and ends what a killed one left running.
  const instance = existsSync(dataDir) ? await claimDataDir(dataDir, { print: terminal.line }) : undefined;
  for (const folder of [...elsewhere, ...own.map((name) => join(dataDir, name))])
    rmSync(folder, { recursive: true, force: true });
  instance?.release();
  const left = existsSync(dataDir) ? readdirSync(dataDir) : [];
  if (left.length > 0) terminal.line(`Not Nubabel's, and left in ${dataDir}: ${left.slice(0, 5).join(', ')}.`);
  else if (existsSync(dataDir)) rmdirSync(dataDir);
  terminal.line('Removed. The next npm start begins from scratch.');
  return 0;
}

async function agrees(): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new StartError('There is no terminal to ask at. Nothing was removed; npm run reset -- --yes removes it.');
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question('Remove them? [y/N] ')).trim());
  } finally {
    terminal.close();
  }
}
