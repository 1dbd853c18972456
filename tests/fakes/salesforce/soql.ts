import { isRecord } from '../../../dev/fakes/http-server.ts';
import { SalesforceRefusalError } from './errors.ts';
import type { FakeRecord, FakeRecords } from './state.ts';

export interface ParsedSoql {
  readonly object: string;
  readonly fields: readonly string[];
  readonly rows: FakeRecord[];
}

const QUERY =
  /^\s*select\s+(?<fields>[\w.,\s()]+?)\s+from\s+(?<object>\w+)(?:\s+where\s+(?<where>.+?))?(?:\s+order\s+by\s+(?<order>\w+)(?:\s+(?<direction>asc|desc))?)?(?:\s+limit\s+(?<limit>\d+))?\s*$/is;
const CLAUSE = /^(\w+)\s*(=|!=|like)\s*('(?:[^'\\]|\\.)*'|[\w.-]+)$/i;

const malformed = (said: string) => new SalesforceRefusalError(400, 'MALFORMED_QUERY', said);

/** Runs the part of SOQL that the fake understands: fields of one object, WHERE with AND, ORDER BY, LIMIT. */
export function runSoql(soql: string, records: FakeRecords): ParsedSoql {
  const parts = QUERY.exec(soql)?.groups;
  if (!parts) throw malformed(`unexpected token: '${soql.trim().split(/\s+/)[0] ?? ''}'`);
  const table = records.get(parts['object'] ?? '');
  if (!table)
    throw new SalesforceRefusalError(400, 'INVALID_TYPE', `sObject type '${parts['object'] ?? ''}' is not supported.`);
  const known = new Set([...table.values()].flatMap((record) => Object.keys(record)));
  const check = (field: string): string => {
    if (known.size === 0 || known.has(field)) return field;
    throw new SalesforceRefusalError(
      400,
      'INVALID_FIELD',
      `No such column '${field}' on entity '${parts['object'] ?? ''}'.`,
    );
  };
  const fields = (parts['fields'] ?? '').split(',').map((field) => check(field.trim()));
  const tests = (parts['where'] ?? '')
    .split(/\s+and\s+/i)
    .filter(Boolean)
    .map((clause) => toTest(clause.trim(), check));
  const rows = [...table.values()].filter((record) => tests.every((test) => test(record)));
  const order = parts['order'];
  if (order) rows.sort((a, b) => textOf(a[check(order)]).localeCompare(textOf(b[order])));
  if (parts['direction']?.toLowerCase() === 'desc') rows.reverse();
  return { object: parts['object'] ?? '', fields, rows: rows.slice(0, Number(parts['limit'] ?? Infinity)) };
}

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : value === null || isRecord(value) ? '' : JSON.stringify(value);

function toTest(clause: string, check: (field: string) => string): (record: FakeRecord) => boolean {
  const [, field = '', operator = '', literal = ''] = CLAUSE.exec(clause) ?? [];
  if (!field) throw malformed(`unexpected token: '${clause}'`);
  check(field);
  const isText = literal.startsWith("'");
  const value = isText ? literal.slice(1, -1).replaceAll(/\\(.)/g, '$1') : literal;
  return (record) => {
    const has = textOf(record[field]);
    if (operator === '=') return has === value;
    if (operator === '!=') return has !== value;
    return has.toLowerCase().includes(value.replaceAll('%', '').toLowerCase());
  };
}
