import type { ProviderAnswer, ProviderCall, ProviderRules } from '../../../dev/fakes/provider/types.ts';
import { failure, pageOf } from './answers.ts';
import { createIssue, listIssues, updateIssue } from './issues.ts';
import type { GithubRepository, GithubState } from './state.ts';
import { issueOnWire, labelOnWire, pullOnWire, userOnWire } from './to-wire.ts';

/** The part of GitHub's REST API about issues and pull requests. */
export const githubRules = (state: GithubState): ProviderRules => ({
  operationOf: ({ method, path }) => `${method} ${path}`,
  failure,
  // Of a personal access token: 5,000 an hour.
  limit: { requests: 5_000, windowMs: 3_600_000 },
  handle(call) {
    // GitHub answers 403 to whoever does not say who they are.
    if (!call.headers['user-agent']) return failure(403);
    const token = /^(?:token|bearer) (.+)$/i.exec(call.headers.authorization ?? '')?.[1];
    if (token !== state.token) return failure(401);
    if (call.path === '/user') return { status: 200, body: userOnWire(state.login) };
    const [, owner = '', name = '', rest = ''] = /^\/repos\/([^/]+)\/([^/]+)(\/.*)?$/.exec(call.path) ?? [];
    const repository = state.repositories.find(
      (one) => one.owner.toLowerCase() === owner.toLowerCase() && one.name.toLowerCase() === name.toLowerCase(),
    );
    return repository ? inRepository(state, repository, rest, call) : failure(404);
  },
});

function inRepository(
  state: GithubState,
  repository: GithubRepository,
  rest: string,
  call: ProviderCall,
): ProviderAnswer {
  const [, room = '', number = '', below = ''] = /^\/(\w+)(?:\/(\d+)(?:\/(\w+))?)?$/.exec(rest) ?? [];
  const issue = repository.issues.find((one) => one.number === Number(number));
  const pull = issue?.pull ? issue : undefined;
  switch (`${call.method} ${room}${number ? '/n' : ''}${below ? `/${below}` : ''}`) {
    case 'GET labels':
      return pageOf(repository.labels.map(labelOnWire), call, state.url);
    case 'GET assignees':
      return pageOf(repository.people.map(userOnWire), call, state.url);
    case 'GET issues':
      return listIssues(state, repository, call);
    case 'POST issues':
      return createIssue(state, repository, call);
    case 'GET issues/n':
      return issue ? { status: 200, body: issueOnWire(state, repository, issue) } : failure(404);
    case 'GET issues/n/comments':
      return issue
        ? pageOf(
            issue.comments.map((login, at) => ({ id: at + 1, user: userOnWire(login), body: 'Hello.' })),
            call,
            state.url,
          )
        : failure(404);
    case 'PATCH issues/n':
      return updateIssue(state, repository, issue, call);
    case 'GET pulls':
      return listPulls(state, repository, call);
    case 'GET pulls/n':
      return pull ? { status: 200, body: pullOnWire(state, repository, pull, true) } : failure(404);
    default:
      return failure(404);
  }
}

function listPulls(state: GithubState, repository: GithubRepository, call: ProviderCall): ProviderAnswer {
  const { query } = call;
  const wanted = query.get('state') ?? 'open';
  const found = repository.issues
    .filter((issue) => issue.pull && (wanted === 'all' || issue.state === wanted))
    .filter(({ pull }) => !query.has('base') || pull?.base === query.get('base'))
    .filter(({ pull }) => !query.has('head') || `${repository.owner}:${pull?.head}` === query.get('head'))
    .reverse();
  return pageOf(
    found.map((issue) => pullOnWire(state, repository, issue, false)),
    call,
    state.url,
  );
}
