import { Client as Postgres } from 'pg';
import { testServers } from './database.ts';
import type { Nubabel } from './nubabel.ts';

/** A product's database that goes away and comes back, as an outage or a failover does. */
export function databaseOutage({ database }: Pick<Nubabel, 'database'>) {
  const name = new URL(database.adminUrl).pathname.slice(1);
  const asSuperuser = async (query: string, values: readonly string[] = []): Promise<void> => {
    const client = new Postgres({ connectionString: testServers().adminUrl });
    await client.connect();
    await client.query(query, [...values]).finally(() => client.end());
  };
  const cut = () =>
    asSuperuser(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and application_name like 'nubabel%'`,
      [name],
    );
  return {
    /** Ends every connection of the nubabel; new ones are let in at once. */
    cut,
    /** Lets nobody in until `reopen`. */
    close: () => asSuperuser(`alter database ${name} connection limit 0`).then(cut),
    reopen: () => asSuperuser(`alter database ${name} connection limit -1`),
  };
}
