import { join } from 'node:path';
import { prepareDatabase } from '../db/prepare.ts';
import type { StartContext } from './context.ts';
import { randomText } from './paths.ts';
import { preparePostgres } from './postgres/server.ts';
import { StartError } from './start-error.ts';

const PREFERRED_PORT = 54_329;

/** The address the product connects with: of the given database, or of one that runs beside us. */
export async function bringUpDatabase(context: StartContext): Promise<string> {
  const { terminal, settings } = context;
  const given = settings.DATABASE_URL;
  const adminUrl = given ?? (await terminal.step('PostgreSQL', () => startEmbedded(context)));
  return terminal.step('database schema', async () => {
    try {
      return (
        await prepareDatabase({ adminUrl, secret: () => context.paths.readOrCreate('database-secret', randomText) })
      ).appUrl;
    } catch (error) {
      throw new StartError(`The database ${given ? 'of DATABASE_URL ' : ''}could not be prepared: ${reasonOf(error)}`);
    }
  });
}

async function startEmbedded({ paths, supervisor, findPort, terminal }: StartContext): Promise<string> {
  const preferred = Number(paths.readOrCreate('postgres.port', () => String(PREFERRED_PORT)));
  const port = await findPort(preferred);
  if (port !== preferred) terminal.line(`  Port ${preferred} is taken: PostgreSQL listens on ${port}.`);
  const dataDir = join(paths.dataDir, 'postgres');
  const { adminUrl, spec } = await preparePostgres({
    dataDir,
    port,
    logFile: paths.logFile('postgres'),
    print: terminal.line,
  });
  await supervisor.add(spec);
  return adminUrl;
}

/** A migration's failure hides below a general sentence; connection failures come as several in one. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(reasonOf).join('; ');
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message} ${reasonOf(error.cause)}`;
}
