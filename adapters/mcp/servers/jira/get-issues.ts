import { z } from 'zod';
import { READS, defineTool } from '../define.ts';
import type { JiraClient } from './client.ts';
import { Issue, toIssue, quoteJql, searchIssues } from './issue.ts';

const word = z.string().trim().min(1).max(200);

const Input = z.strictObject({
  jql: z.string().trim().min(1).max(5_000).optional().describe('A JQL query; the other filters are then left out.'),
  project: word.optional().describe('Project key; the connection’s project unless given.'),
  status: word.optional().describe('Name of a status, such as In Progress.'),
  assigneeAccountId: word.optional().describe('Account id, or "currentUser()".'),
  text: word.optional().describe('Words in the summary, the description or the comments.'),
  label: word.optional().describe('A label that the issues have.'),
  limit: z.int().min(1).max(100).default(25).describe('Most issues to answer.'),
  pageToken: z.string().max(5_000).optional().describe('nextPageToken of the page before.'),
});

/** The simple filters as JQL; Jira refuses a query without any bound. */
function toJql(asked: z.infer<typeof Input>, project: string | undefined): string {
  if (asked.jql) return asked.jql;
  const { status, assigneeAccountId, text, label } = asked;
  const assignee =
    assigneeAccountId === 'currentUser()' ? assigneeAccountId : assigneeAccountId && quoteJql(assigneeAccountId);
  const clauses = [
    project && `project = ${quoteJql(project)}`,
    status && `status = ${quoteJql(status)}`,
    assignee && `assignee = ${assignee}`,
    text && `text ~ ${quoteJql(text)}`,
    label && `labels = ${quoteJql(label)}`,
  ].filter(Boolean);
  return `${clauses.length > 0 ? clauses.join(' AND ') : 'updated >= -30d'} ORDER BY updated DESC`;
}

export const getIssues = defineTool<JiraClient>()({
  name: 'getIssues',
  title: 'Find Jira issues',
  description:
    'Finds issues by simple filters or by a JQL query, the most recently updated first unless the query says otherwise.',
  input: Input,
  output: z.object({ issues: z.array(Issue), nextPageToken: z.string().optional() }),
  annotations: READS,
  async run(client, args, { settings, signal }) {
    const jql = toJql(args, args.project ?? settings['project']);
    const { issues, nextPageToken } = await searchIssues(client, { ...args, jql, signal });
    return { issues: issues.map((issue) => toIssue(client, issue)), nextPageToken };
  },
});
