/** A person or app, by login. */
export interface GithubIssue {
  readonly number: number;
  title: string;
  body: string | null;
  state: 'open' | 'closed';
  stateReason: string | null;
  labels: string[];
  assignees: string[];
  readonly author: string;
  readonly createdAt: string;
  updatedAt: string;
  /** Who has commented, in order. */
  readonly comments: string[];
  /** Pull requests are issues too, with a branch of their own. */
  readonly pull?: GithubPull;
}

export interface GithubPull {
  readonly head: string;
  readonly base: string;
  readonly draft: boolean;
  readonly merged: boolean;
  readonly additions: number;
  readonly deletions: number;
  readonly changedFiles: number;
}

export interface GithubRepository {
  readonly owner: string;
  readonly name: string;
  readonly labels: readonly string[];
  /** Who may be assigned. */
  readonly people: readonly string[];
  readonly issues: GithubIssue[];
}

export interface GithubState {
  readonly token: string;
  readonly login: string;
  readonly repositories: readonly GithubRepository[];
  /** Of links in answers; known once the server listens. */
  url: string;
}

export type NewGithubIssue = Pick<GithubIssue, 'title' | 'author'> & Partial<Omit<GithubIssue, 'number'>>;

/** Adds an issue with the next number of its repository. */
export function addIssue({ issues }: GithubRepository, given: NewGithubIssue): GithubIssue {
  // GitHub keeps whole seconds.
  const now = `${new Date().toISOString().slice(0, 19)}Z`;
  const issue: GithubIssue = {
    number: issues.length + 1,
    body: null,
    state: 'open',
    stateReason: null,
    labels: [],
    assignees: [],
    comments: [],
    createdAt: now,
    updatedAt: given.createdAt ?? now,
    ...given,
  };
  issues.push(issue);
  return issue;
}
