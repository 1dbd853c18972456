import { z } from 'zod';
import type { Provider } from '../define.ts';
import { createSentryClient, SENTRY_URL, type SentryClient } from './client.ts';
import { getIssue } from './get-issue.ts';
import { listIssues } from './issue.ts';
import { resolveIssue } from './resolve-issue.ts';

const Organization = z.object({ name: z.string() });

export const sentry: Provider<SentryClient> = {
  provider: 'sentry',
  title: 'Sentry',
  defaultUrl: SENTRY_URL,
  // Sentry limits each address by itself, issues to a few a second: https://docs.sentry.io/api/ratelimits/
  requestsPerSecond: 5,
  createClient: createSentryClient,
  async whoAmI(client, { signal }) {
    return `the organization ${(await client.ask('GET', '/', Organization, { signal })).data.name}`;
  },
  tools: [listIssues, getIssue, resolveIssue],
};
