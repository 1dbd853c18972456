import { z } from 'zod';
import { READS } from '../annotations.ts';
import { defineTool } from '../define.ts';
import type { GithubClient } from './client.ts';
import { read } from './failures.ts';
import { Issue, toIssue } from './issue.ts';
import { nextPageOf, pageArguments, repositoryArguments, repositoryOf } from './repository.ts';

/** `GET /repos/…/issues` without the pull requests that GitHub counts among them. */
export const listIssues = defineTool<GithubClient>()({
  name: 'listIssues',
  title: 'List issues',
  description: 'Lists issues of a GitHub repository, the newest first. Pull requests are not among them.',
  input: z.strictObject({
    ...repositoryArguments,
    state: z.enum(['open', 'closed', 'all']).default('open').describe('Only issues in this state.'),
    labels: z.array(z.string().min(1).max(50)).max(10).optional().describe('Only issues with all of these labels.'),
    assignee: z.string().max(100).optional().describe('Only issues of this login; "none": of nobody.'),
    since: z.iso.datetime().optional().describe('Only issues changed at or after this time.'),
    ...pageArguments,
  }),
  output: z.object({
    issues: z.array(Issue),
    nextPage: z.number().int().optional().describe('There is more: ask again with it as page.'),
  }),
  annotations: READS,
  async run(client, { owner, repo, labels, limit, page, ...filters }, context) {
    const at = repositoryOf({ owner, repo }, context);
    const asked = { ...at, ...filters, ...(labels ? { labels: labels.join(',') } : {}), per_page: limit, page };
    const { data, headers } = await read(context, () => client.rest.issues.listForRepo(asked));
    const issues = data.filter((issue) => !issue.pull_request).map((issue) => toIssue(issue));
    return { issues, ...nextPageOf(headers.link, page) };
  },
});
