import { serveProvider } from '../../../dev/fakes/provider/provider-fake.ts';
import { restRules } from '../rest-rules.ts';
import type { ProviderFake, ProviderFakeOptions } from '../../../dev/fakes/provider/types.ts';
import { refusalAnswer, SalesforceRefusalError } from './errors.ts';
import { salesforceRoutes } from './routes.ts';
import { demoRecords, type FakeRecord, type FakeRecords } from './state.ts';

export { demoRecords, fakeRecordId, type FakeRecord } from './state.ts';

export interface FakeSalesforceOptions extends ProviderFakeOptions {
  readonly token?: string;
  readonly records?: FakeRecords;
  /** API requests of the org in 24 hours; 15,000 unless told, as a Developer Edition has. */
  readonly dailyRequests?: number;
  /** Most rows of a page, from 200 to 2,000. */
  readonly pageSize?: number;
}

export interface FakeSalesforce extends ProviderFake {
  record(object: string, id: string): FakeRecord;
}

/** Starts a server that speaks Salesforce's REST API as far as our tools use it. */
export async function createFakeSalesforce(options: FakeSalesforceOptions = {}): Promise<FakeSalesforce> {
  const { token = '00Ddemo!token', records = demoRecords(), pageSize = 2_000 } = options;
  const allowance = { max: options.dailyRequests ?? 15_000, used: 0 };
  const rules = restRules({
    routes: salesforceRoutes({ records, allowance, username: 'bot@acme.example', pageSize }),
    refuse: ({ headers }) =>
      headers.authorization === `Bearer ${token}`
        ? undefined
        : refusalAnswer(new SalesforceRefusalError(401, 'INVALID_SESSION_ID', 'Session expired or invalid')),
    notFound: refusalAnswer(new SalesforceRefusalError(404, 'NOT_FOUND', 'The requested resource does not exist')),
    // Salesforce has no 429: too many at once is a 403 with a code.
    failure: (status) =>
      refusalAnswer(
        status === 429
          ? new SalesforceRefusalError(
              403,
              'REQUEST_LIMIT_EXCEEDED',
              'ConcurrentRequests (Concurrent API Requests) Limit exceeded.',
            )
          : new SalesforceRefusalError(status, 'UNKNOWN_EXCEPTION', 'An unexpected error occurred.'),
      ),
    limit: { requests: 1_000, windowMs: 1_000 },
  });
  const fake = await serveProvider(rules, options);
  return {
    ...fake,
    record(object, id) {
      const found = records.get(object)?.get(id);
      if (!found) throw new Error(`there is no ${object} ${id}`);
      return found;
    },
  };
}
