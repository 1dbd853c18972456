import { serveProvider } from '../../../dev/fakes/provider/provider-fake.ts';
import type { ProviderFake, ProviderFakeOptions } from '../../../dev/fakes/provider/types.ts';
import { githubRules } from './routes.ts';
import { addIssue, type GithubIssue, type GithubRepository, type GithubState, type NewGithubIssue } from './state.ts';

export { exhausted } from './answers.ts';
export type { GithubIssue, GithubPull, GithubRepository, NewGithubIssue } from './state.ts';

export interface FakeGithubOptions extends ProviderFakeOptions {
  readonly token?: string;
  readonly login?: string;
  readonly repositories?: readonly GithubRepository[];
}

export interface FakeGithub extends ProviderFake {
  readonly token: string;
  /** Of the first repository unless told. */
  issues(repository?: string): readonly GithubIssue[];
  /** An issue that somebody else has made. */
  seed(issue: NewGithubIssue, repository?: string): GithubIssue;
}

/** `acme/app` with three labels and three people, and nothing in it. */
export const demoRepository = (): GithubRepository => ({
  owner: 'acme',
  name: 'app',
  labels: ['bug', 'docs', 'needs triage'],
  people: ['ada', 'grace', 'nubabel-bot'],
  issues: [],
});

/** Starts a server that speaks the part of GitHub's REST API (2022-11-28) about issues and pull requests. */
export async function createFakeGithub(options: FakeGithubOptions = {}): Promise<FakeGithub> {
  const { token = 'ghp_demo', login = 'nubabel-bot', repositories = [demoRepository()] } = options;
  const state: GithubState = { token, login, repositories, url: '' };
  const server = await serveProvider(githubRules(state), options);
  state.url = server.url;
  const repositoryOf = (named?: string): GithubRepository => {
    const found = named ? repositories.find(({ owner, name }) => `${owner}/${name}` === named) : repositories[0];
    if (!found) throw new Error(`There is no repository ${named ?? ''}.`);
    return found;
  };
  return {
    ...server,
    token,
    issues: (named) => repositoryOf(named).issues,
    seed: (issue, named) => addIssue(repositoryOf(named), issue),
  };
}
