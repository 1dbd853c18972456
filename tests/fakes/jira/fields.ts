import { isRecord } from '../../../dev/fakes/http-server.ts';
import { JiraRefusalError } from './errors.ts';
import { issueOf, PRIORITIES, userOf, type FakeIssue, type JiraState } from './state.ts';

type Changes = Partial<Pick<FakeIssue, 'summary' | 'description' | 'labels' | 'priority' | 'assignee' | 'parent'>>;

const named = (value: unknown, field: string): string | undefined => {
  const name = isRecord(value) ? value[field] : undefined;
  return typeof name === 'string' ? name : undefined;
};

type Reader = (value: unknown, state: JiraState) => Changes | string;

/** How each field is taken: what it changes, or what Jira says against it. */
const READERS: Readonly<Record<string, Reader>> = {
  summary: (value) => {
    if (typeof value !== 'string' || value.trim() === '') return 'You must specify a summary of the issue.';
    if (value.includes('\n')) return 'The summary is invalid because it contains newline characters.';
    return value.length > 255 ? "Summary can't exceed 255 characters." : { summary: value.trim() };
  },
  description: (value) => {
    if (value === null) return { description: null };
    const isDocument =
      isRecord(value) && value['type'] === 'doc' && value['version'] === 1 && Array.isArray(value['content']);
    if (!isDocument) return 'Operation value must be an Atlassian Document (see the Atlassian Document Format)';
    return { description: value };
  },
  labels: (value) => {
    if (!Array.isArray(value) || !value.every((label) => typeof label === 'string')) return 'data was not an array';
    const spaced = value.find((label) => /\s/.test(label));
    return spaced ? `The label '${spaced}' contains spaces which is invalid.` : { labels: [...new Set(value)] };
  },
  priority: (value) => {
    if (value === null) return { priority: null };
    const name = named(value, 'name');
    return name && PRIORITIES.includes(name) ? { priority: name } : 'The priority selected is invalid.';
  },
  assignee: (value, state) => {
    if (value === null) return { assignee: null };
    const accountId = named(value, 'accountId') ?? '';
    return userOf(state, accountId) ? { assignee: accountId } : `User '${accountId}' cannot be assigned issues.`;
  },
  parent: (value, state) => {
    const parent = issueOf(state, named(value, 'key') ?? '');
    return parent ? { parent: parent.key } : 'Given parent work item does not exist or you do not have permission.';
  },
};

/** What a request's fields change. @throws JiraRefusalError with every field that is wrong */
export function readChanges(fields: Readonly<Record<string, unknown>>, state: JiraState): Changes {
  const errors: Record<string, string> = {};
  const changes: Changes = {};
  for (const [name, value] of Object.entries(fields)) {
    const read = READERS[name]?.(value, state);
    if (read === undefined)
      errors[name] = `Field '${name}' cannot be set. It is not on the appropriate screen, or unknown.`;
    else if (typeof read === 'string') errors[name] = read;
    else Object.assign(changes, read);
  }
  if (Object.keys(errors).length > 0) throw new JiraRefusalError(400, [], errors);
  return changes;
}
