import { z } from 'zod';
import { ProviderError, type ToolContext } from '../define.ts';
import { type GithubClient, read } from './client.ts';

/** Which repository; the connection may have a usual one. */
export const repositoryArguments = {
  owner: z.string().min(1).max(100).optional().describe('Owner of the repository; the usual one if left out.'),
  repo: z.string().min(1).max(100).optional().describe('Name of the repository; the usual one if left out.'),
};

/** Pages of lists. */
export const pageArguments = {
  limit: z.number().int().min(1).max(100).default(30).describe('How many per page.'),
  page: z.number().int().min(1).max(1_000).default(1).describe('Which page; nextPage of the answer is the next one.'),
};

/** @throws ProviderError when neither the call nor the connection names a repository. */
export function repositoryOf(
  { owner, repo }: { readonly owner?: string | undefined; readonly repo?: string | undefined },
  { settings }: ToolContext,
): { owner: string; repo: string } {
  const found = { owner: owner ?? settings['owner'], repo: repo ?? settings['repo'] };
  if (!found.owner || !found.repo)
    throw new ProviderError('refused', 'Name owner and repo, or set them as the settings of the GitHub connection.');
  return { owner: found.owner, repo: found.repo };
}

/** The next page where the `link` header names one. */
export const nextPageOf = (link: string | undefined, page: number): { nextPage?: number } =>
  link?.includes('rel="next"') ? { nextPage: page + 1 } : {};

/** Names shown of a longer list. */
const MAX_SHOWN = 20;

/**
 * GitHub makes labels that are not there and refuses people without saying who there is, so both are looked up first.
 * @throws ProviderError that lists what there is.
 */
export async function checkNames(
  client: GithubClient,
  at: { owner: string; repo: string },
  {
    labels = [],
    assignees = [],
  }: { labels?: readonly string[] | undefined; assignees?: readonly string[] | undefined },
  context: ToolContext,
): Promise<void> {
  if (labels.length > 0) {
    const list = await read(context, () =>
      client.paginate(client.rest.issues.listLabelsForRepo, { ...at, per_page: 100 }),
    );
    refuseUnknown(
      'label',
      labels,
      list.map(({ name }) => name),
    );
  }
  if (assignees.length > 0) {
    const list = await read(context, () => client.paginate(client.rest.issues.listAssignees, { ...at, per_page: 100 }));
    refuseUnknown(
      'assignee',
      assignees,
      list.map(({ login }) => login),
    );
  }
}

function refuseUnknown(what: string, wanted: readonly string[], there: readonly string[]): void {
  const known = new Set(there.map((name) => name.toLowerCase()));
  const unknown = wanted.filter((name) => !known.has(name.toLowerCase()));
  if (unknown.length === 0) return;
  const more = there.length > MAX_SHOWN ? `, and ${there.length - MAX_SHOWN} more` : '';
  throw new ProviderError(
    'refused',
    `There is no ${what} ${unknown.join(', ')} in this repository. There are: ${there.slice(0, MAX_SHOWN).join(', ') || 'none'}${more}.`,
  );
}
