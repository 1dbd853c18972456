import type { ProviderAnswer, ProviderCall } from '../../../dev/fakes/provider/types.ts';
import { failure, invalid, pageOf } from './answers.ts';
import { addIssue, type GithubIssue, type GithubRepository, type GithubState } from './state.ts';
import { issueOnWire } from './to-wire.ts';

const MAX_TITLE = 256;
const MAX_BODY = 65_536;

const isText = (value: unknown): value is string => typeof value === 'string';
const namesOf = (value: unknown): string[] => (Array.isArray(value) ? value.filter(isText) : []);

/** `GET /repos/…/issues`: pull requests are among them, as at GitHub. */
export function listIssues(state: GithubState, repository: GithubRepository, call: ProviderCall): ProviderAnswer {
  const { query } = call;
  const wanted = query.get('state') ?? 'open';
  const labels = query.get('labels')?.split(',') ?? [];
  const since = query.get('since');
  const by = query.get('sort') === 'updated' ? 'updatedAt' : 'createdAt';
  const found = repository.issues
    .filter((issue) => wanted === 'all' || issue.state === wanted)
    .filter((issue) => labels.every((label) => issue.labels.includes(label)))
    .filter((issue) => !since || Date.parse(issue.updatedAt) >= Date.parse(since))
    .filter(({ author }) => !query.has('creator') || author === query.get('creator'))
    .filter(({ assignees }) => !query.has('assignee') || assignees.includes(query.get('assignee') ?? ''))
    .sort((a, b) => (a[by] === b[by] ? a.number - b.number : a[by] < b[by] ? -1 : 1));
  if (query.get('direction') !== 'asc') found.reverse();
  return pageOf(
    found.map((issue) => issueOnWire(state, repository, issue)),
    call,
    state.url,
  );
}

export function createIssue(state: GithubState, repository: GithubRepository, call: ProviderCall): ProviderAnswer {
  const { title, body, labels, assignees } = call.body ?? {};
  if (!isText(title) || title.trim() === '') return invalid('title', 'missing_field');
  if (title.length > MAX_TITLE) return invalid('title', 'too_long');
  if (isText(body) && body.length > MAX_BODY) return invalid('body', 'too_long');
  if (namesOf(assignees).some((one) => !repository.people.includes(one))) return invalid('assignees', 'invalid');
  const issue = addIssue(repository, {
    title,
    body: isText(body) ? body : null,
    labels: namesOf(labels),
    assignees: namesOf(assignees),
    author: state.login,
  });
  call.changed(`issue.created ${repository.owner}/${repository.name}#${issue.number}`);
  return { status: 201, body: issueOnWire(state, repository, issue) };
}

export function updateIssue(
  state: GithubState,
  repository: GithubRepository,
  issue: GithubIssue | undefined,
  call: ProviderCall,
): ProviderAnswer {
  if (!issue) return failure(404);
  const { title, body, labels, assignees, state: wanted, state_reason: reason } = call.body ?? {};
  if (isText(title) && title.length > MAX_TITLE) return invalid('title', 'too_long');
  if (namesOf(assignees).some((one) => !repository.people.includes(one))) return invalid('assignees', 'invalid');
  if (wanted !== undefined && wanted !== 'open' && wanted !== 'closed') return invalid('state', 'invalid');
  if (isText(title)) issue.title = title;
  if (isText(body) || body === null) issue.body = body;
  if (labels !== undefined) issue.labels = namesOf(labels);
  if (assignees !== undefined) issue.assignees = namesOf(assignees);
  // "Ignored unless `state` is changed."
  if (wanted && wanted !== issue.state) {
    const usual = wanted === 'closed' ? 'completed' : issue.state === 'closed' ? 'reopened' : issue.stateReason;
    issue.stateReason = isText(reason) ? reason : usual;
    issue.state = wanted;
  }
  issue.updatedAt = `${new Date().toISOString().slice(0, 19)}Z`;
  call.changed(`issue.updated ${repository.owner}/${repository.name}#${issue.number}`);
  return { status: 200, body: issueOnWire(state, repository, issue) };
}
