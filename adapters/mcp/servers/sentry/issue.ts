import { z } from 'zod';
import { defineTool, READS } from '../define.ts';
import type { SentryClient } from './client.ts';

/** An issue on Sentry's wire, as far as it is used. */
const WireIssue = z.object({
  id: z.string(),
  shortId: z.string(),
  title: z.string(),
  culprit: z.string().nullish(),
  level: z.string().nullish(),
  status: z.string(),
  substatus: z.string().nullish(),
  statusDetails: z.record(z.string(), z.unknown()).nullish(),
  permalink: z.string().nullish(),
  project: z.object({ slug: z.string() }),
  count: z.coerce.number(),
  userCount: z.number().nullish(),
  firstSeen: z.string().nullish(),
  lastSeen: z.string().nullish(),
});
type WireIssue = z.infer<typeof WireIssue>;

/** An issue as models see it. */
export const Issue = z.object({
  id: z.string(),
  shortId: z.string(),
  url: z.string().optional(),
  title: z.string(),
  culprit: z.string(),
  level: z.string(),
  status: z.string(),
  project: z.string(),
  events: z.number(),
  users: z.number(),
  firstSeen: z.string(),
  lastSeen: z.string(),
});
export type Issue = z.infer<typeof Issue>;

export const toIssue = (issue: WireIssue): Issue => ({
  id: issue.id,
  shortId: issue.shortId,
  url: issue.permalink ?? undefined,
  title: issue.title,
  culprit: issue.culprit ?? '',
  level: issue.level ?? '',
  status: issue.status,
  project: issue.project.slug,
  events: issue.count,
  users: issue.userCount ?? 0,
  firstSeen: issue.firstSeen ?? '',
  lastSeen: issue.lastSeen ?? '',
});

export const IssueId = z
  .string()
  .trim()
  .regex(/^(\d{1,20}|[A-Za-z0-9_-]{1,60}-[A-Za-z0-9]{1,12})$/, 'is a number, or a short id such as WEB-1A');

const ShortId = z.object({ groupId: z.string() });

/** The number of an issue, looked up where a short id is given. */
async function numberOf(client: SentryClient, id: string, signal: AbortSignal): Promise<string> {
  if (/^\d+$/.test(id)) return id;
  const { data } = await client.ask('GET', `/shortids/${id.toUpperCase()}/`, ShortId, { signal });
  return data.groupId;
}

/** One issue as it is now. @throws ProviderError `refused` where there is none. */
export async function readIssue(client: SentryClient, id: string, signal: AbortSignal): Promise<WireIssue> {
  const number = await numberOf(client, id, signal);
  return (await client.ask('GET', `/issues/${number}/`, WireIssue, { signal })).data;
}

export const listIssues = defineTool<SentryClient>()({
  name: 'listIssues',
  title: 'List Sentry issues',
  description: 'Lists issues of the organization by Sentry’s search, the last seen first.',
  input: z.strictObject({
    query: z
      .string()
      .trim()
      .max(1_000)
      .default('is:unresolved')
      .describe('Sentry search, such as "is:unresolved level:error".'),
    project: z
      .string()
      .regex(/^[a-z0-9_-]{1,100}$/, 'is a project slug')
      .optional()
      .describe('Project slug; the connection’s project unless given.'),
    period: z
      .string()
      .regex(/^\d{1,4}[mhdw]$/, 'is a number with m, h, d or w, such as 24h')
      .default('14d')
      .describe('How far back, such as 24h or 14d.'),
    limit: z.int().min(1).max(100).default(25).describe('Most issues to answer.'),
    cursor: z.string().max(100).optional().describe('nextCursor of the page before.'),
  }),
  output: z.object({ issues: z.array(Issue), nextCursor: z.string().optional() }),
  annotations: READS,
  async run(client, { query, period, limit, cursor, ...args }, { settings, signal }) {
    const project = args.project ?? settings['project'];
    const { data, next } = await client.ask('GET', '/issues/', z.array(WireIssue), {
      query: {
        query: [project && `project:${project}`, query].filter(Boolean).join(' '),
        statsPeriod: period,
        sort: 'date',
        limit: String(limit),
        ...(cursor && { cursor }),
      },
      signal,
    });
    return { issues: data.map(toIssue), nextCursor: next };
  },
});
