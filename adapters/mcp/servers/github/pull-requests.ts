import { z } from 'zod';
import { defineTool, READS } from '../define.ts';
import { type GithubClient, read } from './client.ts';
import { MAX_SHOWN_BODY, withoutMark } from './issue.ts';
import { nextPageOf, pageArguments, repositoryArguments, repositoryOf } from './repository.ts';

type WirePull = Awaited<ReturnType<GithubClient['rest']['pulls']['list']>>['data'][number];

/** A pull request in a list. */
const PullRequest = z.object({
  number: z.number().int(),
  title: z.string(),
  state: z.enum(['open', 'closed', 'merged']),
  draft: z.boolean(),
  url: z.string(),
  author: z.string(),
  head: z.string().describe('The branch that would be merged.'),
  base: z.string().describe('The branch it would be merged into.'),
  assignees: z.array(z.string()),
  reviewers: z.array(z.string()).describe('Who is asked for a review and has not given it.'),
  labels: z.array(z.string()),
  body: z.string().describe(`Markdown, cut after ${MAX_SHOWN_BODY} characters.`),
  createdAt: z.string(),
  updatedAt: z.string(),
});
type PullRequest = z.infer<typeof PullRequest>;

type Shown = Pick<
  WirePull,
  'number' | 'title' | 'draft' | 'html_url' | 'body' | 'created_at' | 'updated_at' | 'merged_at' | 'state'
> & {
  readonly user: { readonly login: string } | null;
  readonly head: { readonly ref: string };
  readonly base: { readonly ref: string };
  readonly labels: readonly { readonly name?: string }[];
  readonly assignees?: readonly { readonly login: string }[] | null;
  readonly requested_reviewers?: readonly { readonly login: string }[] | null;
};

const toPullRequest = (wire: Shown): PullRequest => ({
  number: wire.number,
  title: wire.title,
  state: wire.merged_at ? 'merged' : wire.state === 'closed' ? 'closed' : 'open',
  draft: wire.draft ?? false,
  url: wire.html_url,
  author: wire.user?.login ?? 'ghost',
  head: wire.head.ref,
  base: wire.base.ref,
  assignees: (wire.assignees ?? []).map(({ login }) => login),
  reviewers: (wire.requested_reviewers ?? []).map(({ login }) => login),
  labels: wire.labels.flatMap(({ name }) => name ?? []),
  body: withoutMark(wire.body).slice(0, MAX_SHOWN_BODY),
  createdAt: wire.created_at,
  updatedAt: wire.updated_at,
});

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
