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
  readonly comments: { readonly author: string; readonly text: string }[];
  /** What has been changed since it was made, the oldest first. */
  readonly history: FakeChange[];
  readonly attachments: { readonly filename: string }[];
  readonly links: { readonly outward: string }[];
  readonly worklogs: { readonly author: string; readonly seconds: number }[];
  resolution: string | null;
}

/** One entry of an issue's changelog. */
export interface FakeChange {
  readonly author: string;
  readonly at: number;
  readonly items: readonly { readonly field: string; readonly from: string; readonly to: string }[];
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
  /** The workflow leaves the resolution when an issue is opened again, as many do. */
  readonly keepsResolution: boolean;
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
    comments: [],
    history: [],
    attachments: [],
    links: [],
    worklogs: [],
    resolution: null,
  };
}

/** Changes an issue as a person or program of Jira does: it stands in the changelog. */
export function changeIssue(state: JiraState, issue: FakeIssue, author: string, changes: Partial<FakeIssue>): void {
  const shown = (field: string, value: unknown): string => {
    if (value === null || value === undefined) return '';
    if (field === 'assignee' && typeof value === 'string') return userOf(state, value)?.displayName ?? '';
    if (Array.isArray(value)) return value.join(' ');
    return typeof value === 'string' ? value : JSON.stringify(value);
  };
  const items = Object.entries(changes)
    .map(([field, to]) => ({
      field,
      from: shown(field, issue[field as keyof FakeIssue]),
      to: shown(field, to),
    }))
    .filter(({ from, to }) => from !== to);
  if (items.length > 0) issue.history.push({ author, at: Date.now(), items });
  Object.assign(issue, changes, { updated: Date.now() });
}
