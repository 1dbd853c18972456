import { ConfigurationError, loadConfig } from '../config.ts';
import { prepareDatabase } from './prepare.ts';

/** `node db/main.ts migrate`: brings DATABASE_URL to today's shape and prints the address for the application. */
async function main(command: string | undefined): Promise<void> {
  if (command !== 'migrate') throw new ConfigurationError('Say what to do: node db/main.ts migrate');
  const { appUrl, applied } = await prepareDatabase({ adminUrl: loadConfig().DATABASE_URL });
  process.stdout.write(
    `${applied.length ? `applied: ${applied.join(', ')}` : 'nothing to apply'}\nDATABASE_URL=${appUrl}\n`,
  );
}

await main(process.argv[2]).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
