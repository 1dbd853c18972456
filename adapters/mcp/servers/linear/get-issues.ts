import { z } from 'zod';
import { READS, defineTool, type ToolContext } from '../define.ts';
import { type LinearToolClient, read } from './client.ts';
import { Issue, ISSUE_FIELDS, toIssue, type WireIssue } from './issue.ts';
import { findTeam, findUser, stateOf } from './lookups.ts';

const DOCUMENT = `query issues($filter: IssueFilter, $first: Int, $after: String) {
  issues(filter: $filter, first: $first, after: $after, orderBy: updatedAt) {
    nodes { ${ISSUE_FIELDS} }
    pageInfo { hasNextPage endCursor }
  }
}`;

interface Page {
  readonly issues: {
    readonly nodes: readonly WireIssue[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor?: string | null };
  };
}

const Input = z.strictObject({
  team: z.string().min(1).max(100).optional().describe('Key, name or id of a team; all teams if left out.'),
  status: z.string().min(1).max(100).optional().describe('Only issues in this workflow state.'),
  assignee: z.string().min(1).max(200).optional().describe('Only issues of this person: email, name or "me".'),
  query: z.string().min(1).max(200).optional().describe('Only issues whose title contains this.'),
  updatedSince: z.iso.datetime().optional().describe('Only issues changed at or after this time.'),
  limit: z.number().int().min(1).max(100).default(25).describe('How many per page.'),
  cursor: z.string().max(500).optional().describe('The nextCursor of the page before.'),
});

async function filterOf(client: LinearToolClient, args: z.infer<typeof Input>, context: ToolContext) {
  const { team, status, assignee, query, updatedSince } = args;
  const found = team ? await findTeam(client, team, context) : undefined;
  if (found && status) stateOf(found, status);
  return {
    ...(found ? { team: { id: { eq: found.id } } } : {}),
    ...(status ? { state: { name: { eqIgnoreCase: status } } } : {}),
    ...(assignee ? { assignee: { id: { eq: await findUser(client, assignee, context) } } } : {}),
    ...(query ? { title: { containsIgnoreCase: query } } : {}),
    ...(updatedSince ? { updatedAt: { gte: updatedSince } } : {}),
  };
}

/** `issues`, a page at a time. */
export const getIssues = defineTool<LinearToolClient>()({
  name: 'getIssues',
  title: 'List issues',
  description: 'Lists issues of the Linear workspace, the last changed first.',
  input: Input,
  output: z.object({
    issues: z.array(Issue),
    nextCursor: z.string().optional().describe('There is more: ask again with it as cursor.'),
  }),
  annotations: READS,
  async run(client, args, context) {
    const variables = {
      filter: await filterOf(client, args, context),
      first: args.limit,
      ...(args.cursor ? { after: args.cursor } : {}),
    };
    const { issues } = await read(context, () => client.ask<Page>(DOCUMENT, variables));
    const { hasNextPage, endCursor } = issues.pageInfo;
    return { issues: issues.nodes.map(toIssue), ...(hasNextPage && endCursor ? { nextCursor: endCursor } : {}) };
  },
});
