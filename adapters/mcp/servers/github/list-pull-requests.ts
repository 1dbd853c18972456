import { z } from 'zod';
import { READS } from '../annotations.ts';
import { defineTool } from '../define.ts';
import type { GithubClient } from './client.ts';
import { read } from './failures.ts';
import { PullRequest, toPullRequest } from './pull-request.ts';
import { nextPageOf, pageArguments, repositoryArguments, repositoryOf } from './repository.ts';

/** `GET /repos/…/pulls`. */
export const listPullRequests = defineTool<GithubClient>()({
  name: 'listPullRequests',
  title: 'List pull requests',
  description: 'Lists pull requests of a GitHub repository, the newest first.',
  input: z.strictObject({
    ...repositoryArguments,
    state: z.enum(['open', 'closed', 'all']).default('open').describe('Merged ones are closed.'),
    base: z.string().max(250).optional().describe('Only those that would be merged into this branch.'),
    ...pageArguments,
  }),
  output: z.object({
    pullRequests: z.array(PullRequest),
    nextPage: z.number().int().optional().describe('There is more: ask again with it as page.'),
  }),
  annotations: READS,
  async run(client, { owner, repo, state, base, limit, page }, context) {
    const asked = {
      ...repositoryOf({ owner, repo }, context),
      state,
      ...(base ? { base } : {}),
      per_page: limit,
      page,
    };
    const { data, headers } = await read(context, () => client.rest.pulls.list(asked));
    return { pullRequests: data.map((pull) => toPullRequest(pull)), ...nextPageOf(headers.link, page) };
  },
});
