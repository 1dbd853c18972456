import type { GithubIssue, GithubRepository, GithubState } from './state.ts';

const userOnWire = (login: string) => ({ login, type: login.endsWith('[bot]') ? 'Bot' : 'User', id: login.length });
const labelOnWire = (name: string) => ({ id: name.length, name, color: 'ededed', default: false, description: null });

/** An issue as the REST API shows it; for a pull request it carries `pull_request`. */
export function issueOnWire(state: GithubState, { owner, name }: GithubRepository, issue: GithubIssue) {
  const kind = issue.pull ? 'pull' : 'issues';
  return {
    id: issue.number,
    number: issue.number,
    url: `${state.url}/repos/${owner}/${name}/issues/${issue.number}`,
    html_url: `https://github.com/${owner}/${name}/${kind}/${issue.number}`,
    title: issue.title,
    body: issue.body,
    state: issue.state,
    state_reason: issue.stateReason,
    user: userOnWire(issue.author),
    labels: issue.labels.map(labelOnWire),
    assignees: issue.assignees.map(userOnWire),
    comments: issue.comments.length,
    sub_issues_summary: { total: 0, completed: 0, percent_completed: 0 },
    locked: false,
    created_at: issue.createdAt,
    updated_at: issue.updatedAt,
    closed_at: issue.state === 'closed' ? issue.updatedAt : null,
    ...(issue.pull ? { pull_request: { url: `${state.url}/repos/${owner}/${name}/pulls/${issue.number}` } } : {}),
  };
}

/** A pull request as the REST API shows it; `whole` adds what only a single one has. */
export function pullOnWire(state: GithubState, repository: GithubRepository, issue: GithubIssue, whole: boolean) {
  const { pull } = issue;
  const { pull_request: _, state_reason: __, comments, ...shared } = issueOnWire(state, repository, issue);
  return {
    ...shared,
    draft: pull?.draft ?? false,
    merged_at: pull?.merged ? issue.updatedAt : null,
    head: { ref: pull?.head, label: `${repository.owner}:${pull?.head}`, sha: '0'.repeat(40) },
    base: { ref: pull?.base, label: `${repository.owner}:${pull?.base}`, sha: '1'.repeat(40) },
    requested_reviewers: [],
    ...(whole
      ? {
          comments,
          merged: pull?.merged ?? false,
          mergeable: pull?.merged ? null : true,
          mergeable_state: pull?.merged ? 'unknown' : 'clean',
          additions: pull?.additions ?? 0,
          deletions: pull?.deletions ?? 0,
          changed_files: pull?.changedFiles ?? 0,
          commits: 1,
        }
      : {}),
  };
}

export { labelOnWire, userOnWire };
