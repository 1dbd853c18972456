import { z } from 'zod';
import type { Provider } from '../define.ts';
import { createJiraClient, type JiraClient } from './client.ts';
import { createIssue } from './create-issue.ts';
import { getIssues } from './get-issues.ts';
import { updateIssue } from './update-issue.ts';

const Myself = z.object({ displayName: z.string() });

export const jira: Provider<JiraClient> = {
  provider: 'jira',
  title: 'Jira',
  defaultUrl: undefined,
  createClient: createJiraClient,
  async whoAmI(client, { signal }) {
    return (await client.ask('GET', '/myself', Myself, { signal })).displayName;
  },
  tools: [getIssues, createIssue, updateIssue],
};
