/** An issue as the fake keeps it. */
export interface FakeIssue {
  readonly id: string;
  readonly key: string;
  readonly project: string;
  readonly reporter: string;
  readonly created: number;
  updated: number;
  type: string;
  summary: string;
  description: unknown;
  labels: string[];
  priority: string | null;
  assignee: string | null;
  parent: string | null;
  status: string;
  readonly properties: Map<string, unknown>;
}

export interface FakeUser {
  readonly accountId: string;
  readonly displayName: string;
  readonly email: string;
  readonly token: string;
  readonly mayDelete: boolean;
}

export interface JiraState {
  readonly users: readonly FakeUser[];
  readonly projects: readonly string[];
  readonly issues: FakeIssue[];
  /** Issues ever made: numbers are not used twice. */
  made: number;
  /** A new or changed issue is found by searches only after so long, ms. */
  readonly indexDelayMs: number;
}

export const TYPES = ['Task', 'Bug', 'Story', 'Epic', 'Sub-task'];
export const PRIORITIES = ['Highest', 'High', 'Medium', 'Low', 'Lowest'];

/** The workflow: from each status where one may go. */
export const WORKFLOW: Readonly<Record<string, readonly string[]>> = {
  'To Do': ['In Progress'],
  'In Progress': ['To Do', 'In Review'],
  'In Review': ['In Progress', 'Done'],
  Done: ['In Review', 'To Do'],
};
const STATUSES = Object.keys(WORKFLOW);

/** A transition's id stands for where it leads. */
export const transitionId = (status: string): string => String((STATUSES.indexOf(status) + 1) * 11);

export const userOf = (state: JiraState, accountId: string): FakeUser | undefined =>
  state.users.find((user) => user.accountId === accountId);

export const issueOf = (state: JiraState, idOrKey: string): FakeIssue | undefined =>
  state.issues.find(({ id, key }) => id === idOrKey || key === idOrKey.toUpperCase());

/** A new issue of a project before its fields are set. */
export function blankIssue(state: JiraState, project: string, type: string, reporter: string): FakeIssue {
  state.made += 1;
  return {
    id: String(10_000 + state.made),
    key: `${project}-${state.made}`,
    project,
    reporter,
    created: Date.now(),
    updated: Date.now(),
    type,
    summary: '',
    description: null,
    labels: [],
    priority: 'Medium',
    assignee: null,
    parent: null,
    status: 'To Do',
    properties: new Map(),
  };
}
