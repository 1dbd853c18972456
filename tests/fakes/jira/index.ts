import { serveProvider } from '../../../dev/fakes/provider/provider-fake.ts';
import { restRules } from '../rest-rules.ts';
import type {
  ProviderAnswer,
  ProviderCall,
  ProviderFake,
  ProviderFakeOptions,
} from '../../../dev/fakes/provider/types.ts';
import { jiraRoutes } from './routes.ts';
import { changeIssue, issueOf, type FakeIssue, type FakeUser, type JiraState } from './state.ts';

export type { FakeIssue, FakeUser } from './state.ts';

export interface FakeJiraOptions extends ProviderFakeOptions {
  readonly users?: readonly FakeUser[];
  readonly projects?: readonly string[];
  readonly indexDelayMs?: number;
  readonly keepsResolution?: boolean;
}

export interface FakeJira extends ProviderFake {
  readonly issues: readonly FakeIssue[];
  /** Changes an issue as somebody does there by hand. */
  change(key: string, author: string, changes: Partial<FakeIssue>): void;
}

export const DEMO_JIRA_USER: FakeUser = {
  accountId: '5b10a2844c20165700ede21g',
  displayName: 'Nubabel Bot',
  email: 'bot@acme.example',
  token: 'jira-demo-token',
  mayDelete: true,
};

/** Starts a server that speaks Jira Cloud's REST API, version 3, as far as our tools use it. */
export async function createFakeJira(options: FakeJiraOptions = {}): Promise<FakeJira> {
  const state: JiraState = {
    users: options.users ?? [DEMO_JIRA_USER],
    projects: options.projects ?? ['OPS'],
    issues: [],
    made: 0,
    indexDelayMs: options.indexDelayMs ?? 0,
    keepsResolution: options.keepsResolution ?? false,
  };
  const find = ({ headers }: ProviderCall) => authenticate(state, headers.authorization ?? '');
  const me = (asked: ProviderCall): FakeUser => {
    const user = find(asked);
    if (!user) throw new Error('a request without a user came through');
    return user;
  };
  let url = '';
  const rules = restRules({
    routes: jiraRoutes({ state, me, baseUrl: () => url }),
    refuse: (call) =>
      find(call) ? undefined : { status: 401, body: 'Client must be authenticated to access this resource.' },
    notFound: { status: 404, body: { errorMessages: ['No resource found.'], errors: {} } },
    failure: (status, retryAfterSeconds = 1) =>
      status === 429 ? tooMany(retryAfterSeconds) : { status, body: `<html>${status}</html>` },
    limit: { requests: 100, windowMs: 1_000 },
  });
  const fake = await serveProvider(rules, options);
  url = fake.url;
  const change: FakeJira['change'] = (key, author, changes) => {
    const issue = issueOf(state, key);
    if (issue) changeIssue(state, issue, author, changes);
  };
  return { ...fake, issues: state.issues, change };
}

const tooMany = (seconds: number): ProviderAnswer => ({
  status: 429,
  body: { errorMessages: ['Rate limit exceeded.'], errors: {} },
  headers: { 'retry-after': String(seconds), 'ratelimit-reason': 'jira-burst-based' },
});

/** Basic with e-mail and API token, or a bearer token. */
function authenticate({ users }: JiraState, header: string): FakeUser | undefined {
  const [scheme, value = ''] = header.split(' ');
  if (scheme === 'Bearer') return users.find(({ token }) => token === value);
  if (scheme !== 'Basic') return undefined;
  const given = Buffer.from(value, 'base64').toString('utf8');
  return users.find(({ email, token }) => given === `${email}:${token}`);
}
