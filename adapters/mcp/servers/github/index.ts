import type { Provider } from '../define.ts';
import { createGithubClient, type GithubClient, read } from './client.ts';
import { createIssue } from './create-issue.ts';
import { getPullRequest, listPullRequests } from './pull-requests.ts';
import { listIssues } from './issue.ts';
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
