import { issueOf, userOf, type FakeIssue, type JiraState } from './state.ts';

/** Jira writes times with the offset and without a colon in it. */
const time = (ms: number): string => new Date(ms).toISOString().replace('Z', '+0000');

const authorOf = (state: JiraState, accountId: string) => ({
  accountId,
  displayName: userOf(state, accountId)?.displayName ?? accountId,
  active: true,
});

const paged = (name: string, list: readonly object[]) => ({
  [name]: list,
  maxResults: list.length,
  total: list.length,
  startAt: 0,
});

/** The newest first, as Jira expands it. */
export const changelogOnWire = (state: JiraState, { history }: FakeIssue) => ({
  startAt: 0,
  maxResults: history.length,
  total: history.length,
  histories: history.toReversed().map(({ author, at, items }, nth) => ({
    id: String(nth),
    author: authorOf(state, author),
    created: time(at),
    items: items.map(({ field, from, to }) => ({
      field,
      fieldtype: 'jira',
      fieldId: field,
      from: null,
      fromString: from === '' ? null : from,
      to: null,
      toString: to === '' ? null : to,
    })),
  })),
});

/** An issue as Jira sends it, with the fields that were asked for. */
export function issueOnWire(
  state: JiraState,
  issue: FakeIssue,
  baseUrl: string,
  wanted: readonly string[] | undefined,
) {
  const assignee = issue.assignee === null ? undefined : userOf(state, issue.assignee);
  const parent = issue.parent === null ? undefined : issueOf(state, issue.parent);
  const all: Record<string, unknown> = {
    summary: issue.summary,
    status: { name: issue.status },
    issuetype: { name: issue.type, subtask: issue.type === 'Sub-task' },
    priority: issue.priority === null ? null : { name: issue.priority },
    assignee: assignee ? { accountId: assignee.accountId, displayName: assignee.displayName } : null,
    labels: issue.labels,
    created: time(issue.created),
    updated: time(issue.updated),
    description: issue.description,
    resolution: issue.resolution === null ? null : { name: issue.resolution },
    comment: paged(
      'comments',
      issue.comments.map(({ author, text }, at) => ({ id: String(at), author: authorOf(state, author), body: text })),
    ),
    worklog: paged(
      'worklogs',
      issue.worklogs.map(({ author, seconds }) => ({ author: authorOf(state, author), timeSpentSeconds: seconds })),
    ),
    subtasks: state.issues
      .filter((one) => one.parent === issue.key)
      .map(({ id, key, summary }) => ({ id, key, fields: { summary } })),
    attachment: issue.attachments,
    issuelinks: issue.links,
    ...(parent && { parent: { id: parent.id, key: parent.key } }),
  };
  const every = !wanted || wanted.includes('*all') || wanted.includes('*navigable');
  const fields = every ? all : Object.fromEntries(Object.entries(all).filter(([name]) => wanted.includes(name)));
  return { id: issue.id, key: issue.key, self: `${baseUrl}/rest/api/3/issue/${issue.id}`, fields };
}
