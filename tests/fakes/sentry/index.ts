import { serveProvider } from '../../../dev/fakes/provider/provider-fake.ts';
import { restRules } from '../rest-rules.ts';
import type { ProviderAnswer, ProviderFake, ProviderFakeOptions } from '../../../dev/fakes/provider/types.ts';
import { sentryDetail, sentryRoutes } from './routes.ts';
import { demoSentryIssue, type FakeSentryIssue } from './state.ts';

export { demoSentryIssue, type FakeSentryIssue } from './state.ts';

export interface FakeSentryOptions extends ProviderFakeOptions {
  readonly organization?: string;
  readonly issues?: readonly FakeSentryIssue[];
  /** Tokens, and whether they may change issues (`event:write`). */
  readonly tokens?: Readonly<Record<string, 'read' | 'write'>>;
}

export interface FakeSentry extends ProviderFake {
  readonly apiUrl: string;
  readonly issues: readonly FakeSentryIssue[];
}

/** Starts a server that speaks Sentry's API, version 0, as far as our tools use it. */
export async function createFakeSentry(options: FakeSentryOptions = {}): Promise<FakeSentry> {
  const { organization = 'acme', tokens = { 'sntrys-demo-token': 'write' } } = options;
  const issues = options.issues ?? [1, 2, 3].map((number) => demoSentryIssue(number));
  let url = '';
  const rules = restRules({
    routes: sentryRoutes({ organization, issues, baseUrl: () => url }),
    refuse({ headers, method }) {
      const token = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1];
      if (!token) return sentryDetail(401, 'Authentication credentials were not provided.');
      const scope = tokens[token];
      if (!scope) return sentryDetail(401, 'Invalid token');
      if (method === 'PUT' && scope === 'read')
        return sentryDetail(403, 'You do not have permission to perform this action.');
      return undefined;
    },
    notFound: sentryDetail(404, 'The requested resource does not exist'),
    failure: (status, retryAfterSeconds = 1) =>
      status === 429 ? tooMany(retryAfterSeconds) : sentryDetail(status, 'Internal Error'),
    limit: { requests: 40, windowMs: 1_000 },
  });
  const fake = await serveProvider(rules, options);
  url = fake.url;
  return { ...fake, apiUrl: `${fake.url}/api/0`, issues };
}

/** Sentry names the second at which the window ends, and no wait. */
const tooMany = (seconds: number): ProviderAnswer => ({
  status: 429,
  body: { detail: 'You are attempting to use this endpoint too frequently. Limit is 40 requests in 1 seconds' },
  headers: {
    'x-sentry-rate-limit-limit': '40',
    'x-sentry-rate-limit-remaining': '0',
    'x-sentry-rate-limit-reset': String(Math.ceil(Date.now() / 1000) + seconds),
  },
});
