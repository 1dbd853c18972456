import type { RestAsked, RestRoute } from '../rest-rules.ts';
import type { ProviderAnswer } from '../../../dev/fakes/provider/types.ts';
import { refusalAnswer, SalesforceRefusalError } from './errors.ts';
import { runSoql } from './soql.ts';
import type { FakeRecord, FakeRecords } from './state.ts';

export interface SalesforceGiven {
  readonly records: FakeRecords;
  /** API requests that the org has left of its 24 hours. */
  readonly allowance: { max: number; used: number };
  readonly username: string;
  /** Most rows of a page: Salesforce may send fewer than were asked for. */
  readonly pageSize: number;
}

type Run = (asked: RestAsked, given: SalesforceGiven) => ProviderAnswer;

const VERSION = '/services/data/v(\\d+\\.\\d)';
const RECORD = `${VERSION}/sobjects/([^/]+)/([^/]+)`;
/** What may not be set by the API. */
const READ_ONLY = new Set(['Id', 'IsDeleted', 'CreatedDate', 'LastModifiedDate', 'SystemModstamp']);

const missing = () => new SalesforceRefusalError(404, 'NOT_FOUND', 'The requested resource does not exist');

function find({ records }: SalesforceGiven, { params }: RestAsked): { object: string; record: FakeRecord } {
  const [, object = '', id = ''] = params;
  const table = records.get(object);
  if (!table) throw missing();
  const record = table.get(id) ?? [...table.values()].find(({ Id }) => Id.slice(0, 15) === id);
  if (!record)
    throw new SalesforceRefusalError(
      404,
      'NOT_FOUND',
      `Provided external ID field does not exist or is not accessible: ${id}`,
    );
  return { object, record };
}

const withType = (object: string, version: string, record: Record<string, unknown>, id: string) => ({
  attributes: { type: object, url: `/services/data/v${version}/sobjects/${object}/${id}` },
  ...record,
});

const read: Run = (asked, given) => {
  const { object, record } = find(given, asked);
  const wanted = asked.query.get('fields')?.split(',');
  const unknown = wanted?.find((field) => !(field in record));
  if (unknown)
    throw new SalesforceRefusalError(400, 'INVALID_FIELD', `No such column '${unknown}' on sobject of type ${object}`);
  const fields = wanted
    ? { ...Object.fromEntries(wanted.map((field) => [field, record[field]])), Id: record.Id }
    : record;
  return { status: 200, body: withType(object, asked.params[0] ?? '', fields, record.Id) };
};

/** Salesforce cuts blanks off a text, keeps an empty one as none, and writes times without a colon in the offset. */
function asKept(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const text = value.trim();
  if (text === '') return null;
  if (!/^\d{4}-\d{2}-\d{2}T/.test(text)) return text;
  return new Date(text).toISOString().replace('Z', '+0000');
}

const update: Run = (asked, given) => {
  const { object, record } = find(given, asked);
  for (const [field, value] of Object.entries(asked.body)) {
    if (READ_ONLY.has(field))
      throw new SalesforceRefusalError(
        400,
        'INVALID_FIELD_FOR_INSERT_UPDATE',
        `Unable to create/update fields: ${field}. Please check the security settings of this field and verify that it is read/write for your profile or permission set.`,
        [field],
      );
    if (!(field in record))
      throw new SalesforceRefusalError(400, 'INVALID_FIELD', `No such column '${field}' on sobject of type ${object}`);
    if (field === 'Name' && asKept(value) === null)
      throw new SalesforceRefusalError(400, 'REQUIRED_FIELD_MISSING', 'Required fields are missing: [Name]', ['Name']);
  }
  Object.assign(record, Object.fromEntries(Object.entries(asked.body).map(([field, value]) => [field, asKept(value)])));
  asked.changed(`record.updated ${record.Id}`);
  return { status: 204, body: undefined };
};

const pageOf = (
  rows: readonly unknown[],
  version: string,
  from: number,
  size: number,
  locator: string,
): ProviderAnswer => {
  const done = from + size >= rows.length;
  const next = `/services/data/v${version}/query/${locator}-${from + size}`;
  const records = rows.slice(from, from + size);
  return { status: 200, body: { totalSize: rows.length, done, ...(!done && { nextRecordsUrl: next }), records } };
};

function queryRoutes(pageSize: number): Record<'query' | 'queryMore', Run> {
  const cursors = new Map<string, { rows: readonly unknown[]; size: number }>();
  return {
    query(asked, { records }) {
      const { object, fields, rows } = runSoql(asked.query.get('q') ?? '', records);
      const version = asked.params[0] ?? '';
      const shown = rows.map((record) =>
        withType(object, version, Object.fromEntries(fields.map((field) => [field, record[field]])), record.Id),
      );
      const header = String(asked.headers['sforce-query-options'] ?? '');
      const size = Math.min(Math.max(Number(/batchSize=(\d+)/.exec(header)?.[1] ?? pageSize), 200), pageSize);
      const locator = `0r8${String(cursors.size).padStart(15, '0')}`;
      cursors.set(locator, { rows: shown, size });
      return pageOf(shown, version, 0, size, locator);
    },
    queryMore(asked) {
      const [version = '', locator = '', from = '0'] = asked.params;
      const cursor = cursors.get(locator);
      if (!cursor) throw new SalesforceRefusalError(400, 'INVALID_QUERY_LOCATOR', 'invalid query locator');
      return pageOf(cursor.rows, version, Number(from), cursor.size, locator);
    },
  };
}

const userInfo: Run = (_asked, { username }) => ({
  status: 200,
  body: { sub: 'https://login.salesforce.com/id/00D/005', preferred_username: username, name: 'Nubabel Bot' },
});

const limits: Run = (_asked, { allowance: { max, used } }) => ({
  status: 200,
  body: { DailyApiRequests: { Max: max, Remaining: max - used } },
});

export function salesforceRoutes(given: SalesforceGiven): RestRoute[] {
  const route = (name: string, method: string, path: string, run: Run): RestRoute => ({
    name,
    method,
    path: new RegExp(`^${path}$`),
    run: (asked) => answer(asked, given, run),
  });
  const { query, queryMore } = queryRoutes(given.pageSize);
  return [
    route('query', 'GET', `${VERSION}/query`, query),
    route('queryMore', 'GET', `${VERSION}/query/(\\w+)-(\\d+)`, queryMore),
    route('getRecord', 'GET', RECORD, read),
    route('updateRecord', 'PATCH', RECORD, update),
    route('limits', 'GET', `${VERSION}/limits`, limits),
    route('userInfo', 'GET', '/services/oauth2/userinfo', userInfo),
  ];
}

/** Every API request counts, and tells how many are left. */
function answer(asked: RestAsked, given: SalesforceGiven, run: Run): ProviderAnswer {
  const { allowance } = given;
  if (allowance.used >= allowance.max)
    return refusalAnswer(new SalesforceRefusalError(403, 'REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.'));
  allowance.used += 1;
  const headers = { 'sforce-limit-info': `api-usage=${allowance.used}/${allowance.max}` };
  try {
    return { ...run(asked, given), headers };
  } catch (error) {
    if (error instanceof SalesforceRefusalError) return { ...refusalAnswer(error), headers };
    throw error;
  }
}
