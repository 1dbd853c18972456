import { z } from 'zod';
import { defineTool, READS, effectMark } from '../define.ts';
import { type GithubClient, read } from './client.ts';
import { nextPageOf, pageArguments, repositoryArguments, repositoryOf } from './repository.ts';

/** Characters of a body that are shown; the rest is behind the link. */
export const MAX_SHOWN_BODY = 4_000;
/** GitHub takes 65,536 characters; the mark needs some. */
export const MAX_BODY = 65_000;

type WireIssue = Awaited<ReturnType<GithubClient['rest']['issues']['get']>>['data'];

const MARK = /\s*<!-- nubabel:[0-9a-f]{32} -->\s*$/;
const markOf = (effectKey: string): string => `<!-- nubabel:${effectMark(effectKey)} -->`;

/** A body with the effect's mark, which GitHub's pages do not show. */
export const withMark = (body: string, effectKey: string | undefined): string =>
  effectKey ? `${body}\n\n${markOf(effectKey)}`.trimStart() : body;
export const hasMark = (body: string | null | undefined, effectKey: string): boolean =>
  body?.includes(markOf(effectKey)) ?? false;
/** What people have written. */
export const withoutMark = (body: string | null | undefined): string => (body ?? '').replace(MARK, '');
/** A new body that keeps the mark of the old one, so that the issue's making can still be found. */
export const withMarkOf = (body: string, old: string | null | undefined): string => {
  const mark = MARK.exec(old ?? '')?.[0].trim();
  return mark ? `${body}\n\n${mark}`.trimStart() : body;
};

/** An issue as tools show it. */
export const Issue = z.object({
  number: z.number().int(),
  title: z.string(),
  state: z.enum(['open', 'closed']),
  stateReason: z.string().nullable().describe('completed, not_planned, duplicate or reopened.'),
  url: z.string(),
  author: z.string(),
  assignees: z.array(z.string()),
  labels: z.array(z.string()),
  body: z.string().describe(`Markdown, cut after ${MAX_SHOWN_BODY} characters.`),
  comments: z.number().int(),
  createdAt: z.string(),
  updatedAt: z.string(),
});
export type Issue = z.infer<typeof Issue>;

export const toIssue = (wire: WireIssue): Issue => ({
  number: wire.number,
  title: wire.title,
  state: wire.state === 'closed' ? 'closed' : 'open',
  stateReason: wire.state_reason ?? null,
  url: wire.html_url,
  author: wire.user?.login ?? 'ghost',
  assignees: (wire.assignees ?? []).map(({ login }) => login),
  labels: wire.labels.flatMap((label) => (typeof label === 'string' ? label : (label.name ?? []))),
  body: withoutMark(wire.body).slice(0, MAX_SHOWN_BODY),
  comments: wire.comments,
  createdAt: wire.created_at,
  updatedAt: wire.updated_at,
});

export const issueResource = ({ url }: Issue) => ({ id: url.replace(/^https?:\/\/[^/]+\//, ''), url });

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
