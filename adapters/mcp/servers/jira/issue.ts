import { z } from 'zod';
import { fromAdf } from './adf.ts';
import type { JiraClient } from './client.ts';

const Named = z.object({ name: z.string() }).nullish();

/** The fields that are asked for. */
const ISSUE_FIELDS = [
  'summary',
  'status',
  'issuetype',
  'priority',
  'assignee',
  'labels',
  'created',
  'updated',
  'description',
] as const;

/** An issue on Jira's wire, as far as it is used. */
export const WireIssue = z.object({
  id: z.string(),
  key: z.string(),
  fields: z
    .object({
      summary: z.string().nullish(),
      status: Named,
      issuetype: Named,
      priority: Named,
      assignee: z.object({ accountId: z.string(), displayName: z.string().optional() }).nullish(),
      labels: z.array(z.string()).nullish(),
      created: z.string().nullish(),
      updated: z.string().nullish(),
      description: z.unknown(),
    })
    .partial(),
});
export type WireIssue = z.infer<typeof WireIssue>;

export const IssueKey = z
  .string()
  .trim()
  .toUpperCase()
  .regex(/^[A-Z][A-Z0-9_]{0,30}-\d{1,12}$/, 'is an issue key such as OPS-12');

/** An issue as models see it. */
export const Issue = z.object({
  key: z.string(),
  url: z.string().optional(),
  summary: z.string(),
  status: z.string(),
  type: z.string(),
  priority: z.string().nullable(),
  assignee: z.string().nullable(),
  assigneeAccountId: z.string().nullable(),
  labels: z.array(z.string()),
  created: z.string(),
  updated: z.string(),
  description: z.string(),
});

export function toIssue(client: JiraClient, { key, fields }: WireIssue): z.infer<typeof Issue> {
  return {
    key,
    url: client.browseUrl(key),
    summary: fields.summary ?? '',
    status: fields.status?.name ?? '',
    type: fields.issuetype?.name ?? '',
    priority: fields.priority?.name ?? null,
    assignee: fields.assignee?.displayName ?? null,
    assigneeAccountId: fields.assignee?.accountId ?? null,
    labels: fields.labels ?? [],
    created: fields.created ?? '',
    updated: fields.updated ?? '',
    description: fromAdf(fields.description),
  };
}

/** One issue as it is now. @throws ProviderError `refused` where there is none. */
export const readIssue = (client: JiraClient, key: string, signal: AbortSignal): Promise<WireIssue> =>
  client.ask('GET', `/issue/${key}`, WireIssue, { query: { fields: ISSUE_FIELDS.join(',') }, signal });

const Page = z.object({
  issues: z.array(WireIssue).default([]),
  nextPageToken: z.string().nullish(),
  isLast: z.boolean().optional(),
});

interface Found {
  readonly issues: WireIssue[];
  readonly nextPageToken: string | undefined;
}

/** Pages that one search may take. */
const MAX_PAGES = 5;

/** Issues in the order of the query, page by page until there are `limit`; the token leads on from there. */
export async function searchIssues(
  client: JiraClient,
  asked: { readonly jql: string; readonly limit: number; readonly pageToken?: string; readonly signal: AbortSignal },
): Promise<Found> {
  const issues: WireIssue[] = [];
  let nextPageToken = asked.pageToken;
  for (let page = 0; page < MAX_PAGES; page++) {
    const answer = await client.ask('POST', '/search/jql', Page, {
      body: {
        jql: asked.jql,
        maxResults: asked.limit - issues.length,
        fields: ISSUE_FIELDS,
        ...(nextPageToken && { nextPageToken }),
      },
      reads: true,
      signal: asked.signal,
    });
    issues.push(...answer.issues);
    nextPageToken = answer.isLast === true ? undefined : (answer.nextPageToken ?? undefined);
    if (!nextPageToken || issues.length >= asked.limit) break;
  }
  return { issues, nextPageToken };
}

/** A value as a string of JQL. */
export const quoteJql = (value: string): string => `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
