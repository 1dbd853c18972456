import { z } from 'zod';
import { READS } from '../annotations.ts';
import { defineTool } from '../define.ts';
import type { GithubClient } from './client.ts';
import { read } from './failures.ts';
import { PullRequest, toPullRequest } from './pull-request.ts';
import { repositoryArguments, repositoryOf } from './repository.ts';

/** `GET /repos/…/pulls/n`. */
export const getPullRequest = defineTool<GithubClient>()({
  name: 'getPullRequest',
  title: 'Look at a pull request',
  description: 'Shows one pull request of a GitHub repository, with its size and whether it can be merged.',
  input: z.strictObject({
    ...repositoryArguments,
    number: z.number().int().min(1).describe('Number of the pull request.'),
  }),
  output: z.object({
    ...PullRequest.shape,
    mergeable: z.boolean().nullable().describe('null: GitHub has not found out yet.'),
    mergeableState: z.string().describe('clean, blocked, behind, dirty, unstable or unknown.'),
    commits: z.number().int(),
    changedFiles: z.number().int(),
    additions: z.number().int(),
    deletions: z.number().int(),
  }),
  annotations: READS,
  async run(client, { number, ...at }, context) {
    const asked = { ...repositoryOf(at, context), pull_number: number };
    const { data } = await read(context, () => client.rest.pulls.get(asked));
    return {
      ...toPullRequest(data),
      mergeable: data.mergeable,
      mergeableState: data.mergeable_state,
      commits: data.commits,
      changedFiles: data.changed_files,
      additions: data.additions,
      deletions: data.deletions,
    };
  },
});
