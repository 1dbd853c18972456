import { ConfigurationError, loadConfig, loadSettings } from '../config.ts';
import { openDatabase } from '../db/database.ts';
import { rotateSecrets } from '../db/rotate-secrets.ts';
import { createSealer } from '../db/sealing.ts';
import { loadEnvFile } from '../dev/env-file.ts';
import { dataDirOf } from '../dev/paths.ts';
import { readRunningSystem } from '../dev/running.ts';

const USAGE = `Seals every secret that organizations have brought again, with the first key of CREDENTIAL_KEYS.
  npm run credentials:rotate`;

const NO_KEYS =
  'There are no keys: set CREDENTIAL_KEYS to the new key followed by the old ones (<id>:<32 bytes as base64>, …), in this ' +
  'terminal and in every process of Nubabel before.';

/** For operators: seals every secret again with the first key of CREDENTIAL_KEYS. Exit code 3 when some did not open. */
async function main(args: readonly string[]): Promise<number> {
  if (args.length > 0) {
    say(USAGE);
    return args.includes('--help') || args.includes('-h') ? 0 : 2;
  }
  loadEnvFile();
  const settings = loadSettings();
  const keys = settings.CREDENTIAL_KEYS;
  if (!keys) throw new ConfigurationError(NO_KEYS);
  const running = readRunningSystem(dataDirOf(settings));
  const database = openDatabase(settings.DATABASE_URL ?? running?.databaseUrl ?? loadConfig().DATABASE_URL, 2);
  try {
    const { resealed, current, unopened } = await rotateSecrets({
      db: database.db,
      sealer: createSealer(keys),
      keyId: keys[0].id,
      onOrganization: (organizationId, counts) =>
        say(`${organizationId}: ${counts.resealed} sealed again, ${counts.current} were already`),
    });
    say(
      `${resealed} sealed again with ${keys[0].id}, ${current} were already, ${unopened.length} could not be opened.`,
    );
    if (unopened.length === 0) {
      say('No text is sealed with another key any more: the others can be taken out of CREDENTIAL_KEYS.');
      return 0;
    }
    say('No key of CREDENTIAL_KEYS opens these. They were left as they are; find their key before you take any out:');
    for (const each of unopened) say(`  ${each}`);
    return 3;
  } finally {
    await database.close();
  }
}

const say = (line: string) => process.stdout.write(`${line}\n`);

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return 2;
});
