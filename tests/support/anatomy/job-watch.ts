import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { EVENTS_CHANNEL } from '../../../contracts/events.ts';

/** A look at the tables that costs the product nothing: a connection of its own, which is told when there is news. */
export interface JobWatch {
  look<Row extends Record<string, unknown>>(query: string, values?: unknown[]): Promise<Row[]>;
  /** Resolves with the first row of a query, which is asked again whenever something has happened. */
  until<Row extends Record<string, unknown>>(what: string, query: string, values?: unknown[]): Promise<Row>;
  close(): Promise<void>;
}

const WAIT_MS = 30_000;
/** Not everything that is waited for is told. */
const LOOK_AGAIN_MS = 50;

/** Opens a connection as the superuser, past everything that is counted. */
export async function openJobWatch(adminUrl: string): Promise<JobWatch> {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  await client.query(`listen ${EVENTS_CHANNEL}`);
  let news = Promise.withResolvers<void>();
  client.on('notification', () => {
    news.resolve();
    news = Promise.withResolvers();
  });
  const look: JobWatch['look'] = async (query, values) => (await client.query(query, values)).rows;
  return {
    look,
    until: async <Row extends Record<string, unknown>>(what: string, query: string, values?: unknown[]) => {
      for (const end = Date.now() + WAIT_MS; Date.now() < end;) {
        const told = news.promise;
        const [row] = await look<Row>(query, values);
        if (row) return row;
        await Promise.race([told, pause(LOOK_AGAIN_MS)]);
      }
      throw new Error(`Waited ${WAIT_MS} ms for ${what}.`);
    },
    close: () => client.end(),
  };
}
