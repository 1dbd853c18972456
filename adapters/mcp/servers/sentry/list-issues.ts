import { z } from 'zod';
import { READS } from '../annotations.ts';
import { defineTool } from '../define.ts';
import type { SentryClient } from './client.ts';
import { Issue, toIssue, WireIssue } from './issue.ts';

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
