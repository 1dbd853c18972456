import type { Connection } from 'jsforce';
import { z } from 'zod';
import { defineTool, ProviderError, READS } from '../define.ts';
import type { SalesforceClient } from './client.ts';
import { Fields, withoutAttributes } from './get-record.ts';

/** Clauses by which a query changes something: locks, the time of last view, and counts of views. */
const CHANGING = /\bFOR\s+(UPDATE|VIEW|REFERENCE)\b|\bUPDATE\s+(TRACKING|VIEWSTAT)\b/i;

/** Text in quotes; a quote inside one stands behind a backslash. */
const QUOTED = /'(?:[^'\\]|\\.)*'/gs;

/** @throws ProviderError `refused` for anything but a query that only reads. */
export function assertReads(soql: string): void {
  const bare = soql.replaceAll(QUOTED, "''");
  if (!/^\s*SELECT\s/i.test(bare)) throw new ProviderError('refused', 'Only SELECT queries are run.');
  if (bare.replaceAll("''", '').includes("'"))
    throw new ProviderError('refused', 'The query has a quote without an end.');
  const changing = CHANGING.exec(bare)?.[0];
  if (changing) throw new ProviderError('refused', `Leave out "${changing}": this tool only reads.`);
}

/** Salesforce takes batches from 200 to 2,000 rows: https://developer.salesforce.com/docs (REST API, Query Options Header). */
const batchOf = (limit: number): number => Math.min(Math.max(limit, 200), 2_000);

const Page = z.object({
  totalSize: z.number(),
  done: z.boolean(),
  records: z.array(z.unknown()),
  nextRecordsUrl: z.string().optional(),
});
type Page = z.infer<typeof Page>;

function toPage(answer: unknown): Page {
  const page = Page.safeParse(answer);
  if (page.success) return page.data;
  throw new ProviderError('unavailable', 'Salesforce answered something that is not the result of a query.');
}

/** Rows until there are `limit`, page by page. */
async function queryRows(connection: Connection, soql: string, limit: number) {
  const headers = { 'Sforce-Query-Options': `batchSize=${batchOf(limit)}` };
  let page = toPage(await connection.query(soql, { headers, maxFetch: batchOf(limit) }));
  const { totalSize } = page;
  const rows = [...page.records];
  while (rows.length < limit && page.nextRecordsUrl !== undefined && page.records.length > 0) {
    page = toPage(await connection.request({ method: 'GET', url: page.nextRecordsUrl, headers }));
    rows.push(...page.records);
  }
  return { totalSize, rows: rows.slice(0, limit) };
}

export const query = defineTool<SalesforceClient>()({
  name: 'query',
  title: 'Query Salesforce',
  description: 'Runs a SOQL query that only reads and answers its rows. Name the fields, and bound it with LIMIT.',
  input: z.strictObject({
    soql: z
      .string()
      .trim()
      .min(1)
      .max(10_000)
      .describe("Such as: SELECT Id, Name FROM Account WHERE Industry = 'Energy' LIMIT 20"),
    limit: z.int().min(1).max(2_000).default(200).describe('Most rows to answer.'),
  }),
  output: z.object({
    totalSize: z.number().describe('Rows that match, also those that are not answered.'),
    truncated: z.boolean(),
    records: z.array(Fields),
  }),
  annotations: READS,
  async run(client, { soql, limit }, { signal }) {
    assertReads(soql);
    const { totalSize, rows } = await queryRows(client.on(signal), soql, limit);
    const records = z.array(Fields).parse(rows.map(withoutAttributes));
    return { totalSize, truncated: records.length < totalSize, records };
  },
});
