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

/** A database of its own for a test file, migrated, opened as the application's role. */
export async function openTestDatabase(poolSize = 10): Promise<TestDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const server = testServers().adminUrl;
  await asAdmin(server, (client) => client.query(`create database ${name}`));
  const adminUrl = server.replace(/\/postgres$/, `/${name}`);
  const { appUrl } = await prepareDatabase({ adminUrl });
  const open = openDatabase(appUrl, poolSize);
  return {
    ...open,
    appUrl,
    adminUrl,
    look: (query, values) => asAdmin(adminUrl, async (client) => (await client.query(query, values)).rows),
    drop: async () => {
      await open.close();
      await asAdmin(server, (client) => client.query(`drop database ${name} with (force)`));
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
