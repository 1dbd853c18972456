import type { RestAsked, RestRoute } from '../rest-rules.ts';
import type { ProviderAnswer } from '../../../dev/fakes/provider/types.ts';
import { isRecord } from '../../../dev/fakes/http-server.ts';
import type { FakeSentryIssue } from './state.ts';

export interface SentryGiven {
  readonly organization: string;
  readonly issues: readonly FakeSentryIssue[];
  readonly baseUrl: () => string;
}

type Run = (asked: RestAsked, given: SentryGiven) => ProviderAnswer;

export const sentryDetail = (status: number, detail: string): ProviderAnswer => ({ status, body: { detail } });
const MISSING = sentryDetail(404, 'The requested resource does not exist');

const usualSubstatus = (status: string): string | null =>
  status === 'unresolved' ? 'ongoing' : status === 'ignored' ? 'archived_forever' : null;

/** Sentry sends `count` as text. */
const onWire = (issue: FakeSentryIssue, { organization }: SentryGiven) => ({
  ...issue,
  latestEvent: undefined,
  count: String(issue.count),
  substatus: issue.substatus === undefined ? usualSubstatus(issue.status) : issue.substatus,
  project: { id: '1', name: issue.project, slug: issue.project },
  permalink: `https://${organization}.sentry.io/issues/${issue.id}/`,
});

const find = ({ issues }: SentryGiven, { params }: RestAsked): FakeSentryIssue | undefined =>
  issues.find(({ id }) => id === params[1]);

type Term = (issue: FakeSentryIssue) => boolean;

/** The search terms that the fake knows; a word without a colon is looked for in the title. */
function toTerm(term: string): Term | undefined {
  const [key, value = ''] = term.split(':');
  if (key === undefined || !term.includes(':')) return ({ title }) => title.toLowerCase().includes(term.toLowerCase());
  if (key === 'is') return ({ status }) => status === value;
  if (key === 'project') return ({ project }) => project === value;
  if (key === 'level') return ({ level }) => level === value;
  return undefined;
}

const list: Run = (asked, given) => {
  const { query } = asked;
  const limit = Number(query.get('limit') ?? 100);
  if (!(limit >= 1 && limit <= 100)) return sentryDetail(400, 'Invalid limit parameter. Value must be <= 100.');
  if (!/^\d+[smhdw]$/.test(query.get('statsPeriod') ?? '14d')) return sentryDetail(400, 'Invalid statsPeriod');
  const words = (query.get('query') ?? 'is:unresolved').split(/\s+/).filter(Boolean);
  const terms = words.map(toTerm);
  const unknown = words[terms.indexOf(undefined)];
  if (unknown !== undefined)
    return sentryDetail(400, `Error parsing search query: Invalid key for this search: ${unknown}`);
  const found = given.issues
    .filter((issue) => terms.every((term) => term?.(issue)))
    .toSorted((a, b) => b.lastSeen.localeCompare(a.lastSeen));
  const from = Number((query.get('cursor') ?? '0:0:0').split(':')[1]);
  const link = (rel: string, at: number, results: boolean) =>
    `<${given.baseUrl()}${asked.path}?&cursor=0:${at}:0>; rel="${rel}"; results="${results}"; cursor="0:${at}:0"`;
  return {
    status: 200,
    body: found.slice(from, from + limit).map((issue) => onWire(issue, given)),
    headers: {
      link: [
        link('previous', Math.max(from - limit, 0), from > 0),
        link('next', from + limit, from + limit < found.length),
      ].join(', '),
    },
  };
};

const read: Run = (asked, given) => {
  const issue = find(given, asked);
  return issue ? { status: 200, body: onWire(issue, given) } : MISSING;
};

const latest: Run = (asked, given) => {
  const event = find(given, asked)?.latestEvent;
  return event ? { status: 200, body: event } : sentryDetail(404, 'No matching event');
};

const STATUSES = ['resolved', 'resolvedInNextRelease', 'unresolved', 'ignored'];

const SUBSTATUSES: Readonly<Record<string, readonly string[]>> = {
  unresolved: ['ongoing', 'escalating', 'regressed', 'new'],
  ignored: ['archived_until_escalating', 'archived_until_condition_met', 'archived_forever'],
};

const update: Run = (asked, given) => {
  const issue = find(given, asked);
  if (!issue) return MISSING;
  const { status, substatus } = asked.body;
  const details = isRecord(asked.body['statusDetails']) ? asked.body['statusDetails'] : {};
  if (typeof status !== 'string' || !STATUSES.includes(status))
    return { status: 400, body: { status: [`"${typeof status === 'string' ? status : ''}" is not a valid choice.`] } };
  const known = SUBSTATUSES[status] ?? [];
  if (substatus !== undefined && substatus !== null && !(typeof substatus === 'string' && known.includes(substatus)))
    return { status: 400, body: { substatus: [`"${JSON.stringify(substatus)}" is not a valid choice.`] } };
  // What it takes as a duration it tells as a moment, and without a substatus conditions make one.
  const { ignoreDuration, ...others } = details;
  const until =
    typeof ignoreDuration === 'number'
      ? { ignoreUntil: new Date(Date.now() + ignoreDuration * 60_000).toISOString() }
      : {};
  const conditions = status === 'ignored' && Object.keys(details).length > 0;
  Object.assign(issue, {
    status,
    substatus: substatus ?? (conditions ? 'archived_until_condition_met' : usualSubstatus(status)),
    statusDetails: { ...others, ...until },
  });
  asked.changed(`issue.${status} ${issue.shortId}`);
  return { status: 200, body: { status, statusDetails: issue.statusDetails } };
};

const shortId: Run = (asked, given) => {
  const issue = given.issues.find((one) => one.shortId === asked.params[1]);
  if (!issue) return MISSING;
  const { organization } = given;
  const body = {
    organizationSlug: organization,
    projectSlug: issue.project,
    groupId: issue.id,
    shortId: issue.shortId,
  };
  return { status: 200, body: { ...body, group: onWire(issue, given) } };
};

const organization: Run = (_asked, given) => ({
  status: 200,
  body: { id: '1', slug: given.organization, name: 'Acme', status: { id: 'active', name: 'active' } },
});

const BASE = '/api/0/organizations/([^/]+)';

export const sentryRoutes = (given: SentryGiven): RestRoute[] => {
  const route = (name: string, method: string, path: string, run: Run): RestRoute => ({
    name,
    method,
    path: new RegExp(`^${BASE}${path}$`),
    run: (asked) => (asked.params[0] === given.organization ? run(asked, given) : MISSING),
  });
  return [
    route('organization', 'GET', '/', organization),
    route('listIssues', 'GET', '/issues/', list),
    route('getIssue', 'GET', '/issues/(\\d+)/', read),
    route('updateIssue', 'PUT', '/issues/(\\d+)/', update),
    route('latestEvent', 'GET', '/issues/(\\d+)/events/latest/', latest),
    route('shortId', 'GET', '/shortids/([^/]+)/', shortId),
  ];
};
