import type { Provider } from '../define.ts';
import { createLinearClient, LINEAR_URL, type LinearToolClient, read } from './client.ts';
import { createIssue } from './create-issue.ts';
import { getIssues } from './get-issues.ts';
import { updateIssue } from './update-issue.ts';

/** Linear's GraphQL API with a personal key or the token of an OAuth app. Its limits are per hour, told by the answers. */
export const linear: Provider<LinearToolClient> = {
  provider: 'linear',
  title: 'Linear',
  defaultUrl: LINEAR_URL,
  createClient: createLinearClient,
  async whoAmI(client, context) {
    const { name, email } = await read(context, () => client.sdk.viewer);
    return `${name} <${email}> in Linear`;
  },
  tools: [getIssues, createIssue, updateIssue],
};
