import { z } from 'zod';
import type { GithubClient } from './client.ts';
import { MAX_SHOWN_BODY, withoutMark } from './issue.ts';

type WirePull = Awaited<ReturnType<GithubClient['rest']['pulls']['list']>>['data'][number];

/** A pull request in a list. */
export const PullRequest = z.object({
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
export type PullRequest = z.infer<typeof PullRequest>;

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

export const toPullRequest = (wire: Shown): PullRequest => ({
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
