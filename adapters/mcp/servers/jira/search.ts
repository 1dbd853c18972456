import { z } from 'zod';
import type { JiraClient } from './client.ts';
import { ISSUE_FIELDS, WireIssue } from './issue.ts';

const Page = z.object({
  issues: z.array(WireIssue).default([]),
  nextPageToken: z.string().nullish(),
  isLast: z.boolean().optional(),
});

export interface Found {
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
