import { ProviderError } from '../define.ts';

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
