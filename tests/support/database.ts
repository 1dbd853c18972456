import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { openDatabase, type OpenDatabase } from '../../db/database.ts';
import { prepareDatabase } from '../../db/prepare.ts';
import type { TestServers } from './servers.ts';

/** The servers of this run. @throws when a test runs without the global set-up. */
export function testServers(): TestServers {
  const given = process.env['NUBABEL_TEST_SERVERS'];
  if (!given) throw new Error('This test needs the servers of tests/support/servers.ts.');
  return JSON.parse(given) as TestServers;
}

export interface TestDatabase extends OpenDatabase {
  readonly appUrl: string;
  readonly adminUrl: string;
  /** As the superuser: sees everything; for looking, never for the product. */
  look<T extends Record<string, unknown>>(query: string, values?: unknown[]): Promise<T[]>;
  drop(): Promise<void>;
}

/** Addresses of one database: the application's role, and the superuser. */
export interface DatabaseUrls {
  readonly appUrl: string;
  readonly adminUrl: string;
}

const TEMPLATE = 'nubabel_template';
const onServer = (url: string, name: string): string => {
  const named = new URL(url);
  named.pathname = `/${name}`;
  return named.toString();
};

/** Migrates one database, once per run; every other database of the run is a copy of it. Answers the role's address. */
export async function createTemplateDatabase(server: string): Promise<string> {
  await asAdmin(server, (client) => client.query(`create database ${TEMPLATE}`));
  return (await prepareDatabase({ adminUrl: onServer(server, TEMPLATE), secret: () => 'not needed' })).appUrl;
}

/** A migrated database that nobody else uses. */
export async function createTestDatabase(
  servers: Omit<TestServers, 'sharedHousesUrl'> = testServers(),
): Promise<DatabaseUrls> {
  const { adminUrl, templateUrl } = servers;
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await asAdmin(adminUrl, (client) => client.query(`create database ${name} template ${TEMPLATE}`));
  return { appUrl: onServer(templateUrl, name), adminUrl: onServer(adminUrl, name) };
}

/** Opens a database as the application's role. */
export function connectTestDatabase({ appUrl, adminUrl }: DatabaseUrls, poolSize = 10): Omit<TestDatabase, 'drop'> {
  return {
    // A burst on a busy machine waits for its turn.
    ...openDatabase(appUrl, poolSize, undefined, 60_000),
    appUrl,
    adminUrl,
    look: (query, values) => asAdmin(adminUrl, async (client) => (await client.query(query, values)).rows),
  };
}

/** A database of its own for a test file, migrated, opened as the application's role. */
export async function openTestDatabase(poolSize = 10): Promise<TestDatabase> {
  const open = connectTestDatabase(await createTestDatabase(), poolSize);
  const name = new URL(open.adminUrl).pathname.slice(1);
  return {
    ...open,
    drop: async () => {
      await open.close();
      await asAdmin(testServers().adminUrl, (client) => client.query(`drop database ${name} with (force)`));
    },
  };
}

async function asAdmin<T>(connectionString: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
