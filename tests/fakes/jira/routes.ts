import { isRecord } from '../../../dev/fakes/http-server.ts';
import type { RestAsked, RestRoute } from '../rest-rules.ts';
import type { ProviderAnswer } from '../../../dev/fakes/provider/types.ts';
import { JiraRefusalError, noIssue, refusalAnswer } from './errors.ts';
import { readChanges } from './fields.ts';
import { parseJql } from './jql.ts';
import {
  blankIssue,
  changeIssue,
  issueOf,
  transitionId,
  TYPES,
  WORKFLOW,
  type FakeIssue,
  type FakeUser,
  type JiraState,
} from './state.ts';
import { changelogOnWire, issueOnWire } from './wire.ts';

export interface Given {
  readonly state: JiraState;
  readonly me: (asked: RestAsked) => FakeUser;
  readonly baseUrl: () => string;
}

type Run = (asked: RestAsked, given: Given) => ProviderAnswer;

const ISSUE = '/rest/api/3/issue/([^/]+)';
const EMPTY: ProviderAnswer = { status: 204, body: undefined };

function getIssue({ state }: Given, { params }: RestAsked): FakeIssue {
  const issue = issueOf(state, params[0] ?? '');
  if (!issue) throw noIssue();
  return issue;
}

const textOf = (value: unknown, field: string): string => {
  const text = isRecord(value) ? value[field] : undefined;
  return typeof text === 'string' ? text : '';
};

const create: Run = (asked, { state, me, baseUrl }) => {
  const { project, issuetype, ...rest } = isRecord(asked.body['fields']) ? asked.body['fields'] : {};
  const key = textOf(project, 'key').toUpperCase();
  if (!state.projects.includes(key))
    throw new JiraRefusalError(400, [], { project: 'Specify a valid project ID or key' });
  const type = textOf(issuetype, 'name');
  if (!TYPES.includes(type)) throw new JiraRefusalError(400, [], { issuetype: 'Specify a valid issue type' });
  const changes = readChanges({ summary: undefined, ...rest }, state);
  const issue = Object.assign(blankIssue(state, key, type, me(asked).accountId), changes);
  const properties = Array.isArray(asked.body['properties']) ? asked.body['properties'] : [];
  for (const property of properties)
    if (isRecord(property)) issue.properties.set(textOf(property, 'key'), property['value']);
  state.issues.push(issue);
  asked.changed(`issue.created ${issue.key}`);
  return { status: 201, body: { id: issue.id, key: issue.key, self: `${baseUrl()}/rest/api/3/issue/${issue.id}` } };
};

const edit: Run = (asked, given) => {
  const issue = getIssue(given, asked);
  const changes = readChanges(isRecord(asked.body['fields']) ? asked.body['fields'] : {}, given.state);
  changeIssue(given.state, issue, given.me(asked).accountId, changes);
  asked.changed(`issue.edited ${issue.key}`);
  return EMPTY;
};

const remove: Run = (asked, given) => {
  const issue = getIssue(given, asked);
  if (!given.me(asked).mayDelete)
    throw new JiraRefusalError(403, ['You do not have permission to delete issues in this project.']);
  const children = given.state.issues.filter(({ parent }) => parent === issue.key);
  if (children.length > 0 && asked.query.get('deleteSubtasks') !== 'true')
    throw new JiraRefusalError(400, [
      `The issue '${issue.key}' has subtasks. You must specify the 'deleteSubtasks' parameter.`,
    ]);
  for (const gone of [...children, issue]) given.state.issues.splice(given.state.issues.indexOf(gone), 1);
  asked.changed(`issue.deleted ${issue.key}`);
  return EMPTY;
};

const transit: Run = (asked, given) => {
  const issue = getIssue(given, asked);
  const id = textOf(asked.body['transition'], 'id');
  const to = WORKFLOW[issue.status]?.find((status) => transitionId(status) === id);
  if (!to)
    throw new JiraRefusalError(400, [
      `It seems that you have tried to perform a workflow operation (${id}) that is not valid for the current state of this issue.`,
    ]);
  const resolution = to === 'Done' ? 'Done' : given.state.keepsResolution ? issue.resolution : null;
  changeIssue(given.state, issue, given.me(asked).accountId, { status: to, resolution });
  asked.changed(`issue.moved ${issue.key} ${to}`);
  return EMPTY;
};

/** Jira answers at most this many issues a page when fields are asked for. */
const MAX_PAGE = 100;

const search: Run = (asked, { state, me, baseUrl }) => {
  const { jql, maxResults = 50, nextPageToken, fields } = asked.body;
  const { test, orderBy, descending } = parseJql(typeof jql === 'string' ? jql : '', me(asked).accountId);
  const indexedUntil = Date.now() - state.indexDelayMs;
  const value = (issue: FakeIssue) => (orderBy === 'key' ? Number(issue.key.split('-')[1]) : issue[orderBy]);
  const found = state.issues
    .filter((issue) => issue.created <= indexedUntil && test(issue))
    .toSorted((a, b) => (value(a) - value(b) || Number(a.id) - Number(b.id)) * (descending ? -1 : 1));
  const from = typeof nextPageToken === 'string' ? Number(Buffer.from(nextPageToken, 'base64url').toString()) : 0;
  if (!Number.isInteger(from)) throw new JiraRefusalError(400, ['The provided next page token is invalid.']);
  const to = from + Math.min(Number(maxResults), MAX_PAGE);
  const wanted = Array.isArray(fields) ? fields.map(String) : ['id'];
  const isLast = to >= found.length;
  return {
    status: 200,
    body: {
      issues: found.slice(from, to).map((issue) => issueOnWire(state, issue, baseUrl(), wanted)),
      isLast,
      ...(!isLast && { nextPageToken: Buffer.from(String(to)).toString('base64url') }),
    },
  };
};

const read: Run = (asked, given) => {
  const wanted = asked.query.get('fields')?.split(',');
  const issue = getIssue(given, asked);
  const body = issueOnWire(given.state, issue, given.baseUrl(), wanted);
  const expands = asked.query.get('expand')?.split(',').includes('changelog');
  return { status: 200, body: expands ? { ...body, changelog: changelogOnWire(given.state, issue) } : body };
};

const transitions: Run = (asked, given) => ({
  status: 200,
  body: {
    transitions: (WORKFLOW[getIssue(given, asked).status] ?? []).map((status) => ({
      id: transitionId(status),
      name: `Move to ${status}`,
      to: { name: status },
    })),
  },
});

const property: Run = (asked, given) => {
  const key = asked.params[1] ?? '';
  const issue = getIssue(given, asked);
  if (!issue.properties.has(key)) throw new JiraRefusalError(404, [`The property with the key ${key} does not exist.`]);
  return { status: 200, body: { key, value: issue.properties.get(key) } };
};

const myself: Run = (asked, { me }) => {
  const { accountId, displayName, email } = me(asked);
  return { status: 200, body: { accountId, displayName, emailAddress: email, active: true } };
};

const route = (name: string, method: string, path: string, run: Run, given: Given): RestRoute => ({
  name,
  method,
  path: new RegExp(`^${path}$`),
  run: (asked) => {
    try {
      return run(asked, given);
    } catch (error) {
      if (error instanceof JiraRefusalError) return refusalAnswer(error);
      throw error;
    }
  },
});

export const jiraRoutes = (given: Given): RestRoute[] => [
  route('createIssue', 'POST', '/rest/api/3/issue', create, given),
  route('search', 'POST', '/rest/api/3/search/jql', search, given),
  route('getTransitions', 'GET', `${ISSUE}/transitions`, transitions, given),
  route('transition', 'POST', `${ISSUE}/transitions`, transit, given),
  route('getProperty', 'GET', `${ISSUE}/properties/([^/]+)`, property, given),
  route('getIssue', 'GET', ISSUE, read, given),
  route('editIssue', 'PUT', ISSUE, edit, given),
  route('deleteIssue', 'DELETE', ISSUE, remove, given),
  route('myself', 'GET', '/rest/api/3/myself', myself, given),
];
