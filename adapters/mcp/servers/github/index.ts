import type { Provider } from '../define.ts';
import { createGithubClient, type GithubClient } from './client.ts';
import { createIssue } from './create-issue.ts';
import { read } from './failures.ts';
import { getPullRequest } from './get-pull-request.ts';
import { listIssues } from './list-issues.ts';
import { listPullRequests } from './list-pull-requests.ts';
import { updateIssue } from './update-issue.ts';

/** GitHub's REST API with a personal access token or the token of an app's user. */
export const github: Provider<GithubClient> = {
  provider: 'github',
  title: 'GitHub',
  defaultUrl: 'https://api.github.com',
  createClient: createGithubClient,
  async whoAmI(client, context) {
    const { data } = await read(context, () => client.rest.users.getAuthenticated());
    return `${data.login} on GitHub`;
  },
  tools: [listIssues, createIssue, updateIssue, getPullRequest, listPullRequests],
};
