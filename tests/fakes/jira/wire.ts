import { issueOf, userOf, type FakeIssue, type JiraState } from './state.ts';

/** Jira writes times with the offset and without a colon in it. */
const time = (ms: number): string => new Date(ms).toISOString().replace('Z', '+0000');

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
    ...(parent && { parent: { id: parent.id, key: parent.key } }),
  };
  const every = !wanted || wanted.includes('*all') || wanted.includes('*navigable');
  const fields = every ? all : Object.fromEntries(Object.entries(all).filter(([name]) => wanted.includes(name)));
  return { id: issue.id, key: issue.key, self: `${baseUrl}/rest/api/3/issue/${issue.id}`, fields };
}
