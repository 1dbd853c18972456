import { z } from 'zod';
import { ADDS, defineTool, counted, fieldLosses, undefinedWhereRefused } from '../define.ts';
import { type GithubClient, read, write } from './client.ts';
import { hasMark, Issue, issueResource, MAX_BODY, toIssue, withMark } from './issue.ts';
import { checkNames, repositoryArguments, repositoryOf } from './repository.ts';

/** How far GitHub's clock may be behind ours. */
const SKEW_MS = 5 * 60_000;
/** Pages of 100 that are looked through. */
const MAX_PAGES = 10;

/**
 * `POST /repos/…/issues`. GitHub takes no key of ours, so the body ends in a comment that its pages do not show, and a
 * lost answer is looked up by it. Undone by closing as not planned: issues cannot be deleted by most tokens.
 */
export const createIssue = defineTool<GithubClient>()({
  name: 'createIssue',
  title: 'Create an issue',
  description: 'Opens a new issue in a GitHub repository.',
  input: z.strictObject({
    ...repositoryArguments,
    title: z.string().trim().min(1).max(256).describe('One line.'),
    body: z.string().max(MAX_BODY).default('').describe('Markdown.'),
    labels: z.array(z.string().min(1).max(50)).max(20).optional().describe('Names of labels that exist.'),
    assignees: z.array(z.string().min(1).max(100)).max(10).optional().describe('Logins of people to assign.'),
  }),
  output: Issue,
  annotations: ADDS,
  async run(client, { owner, repo, body, ...rest }, context) {
    const at = repositoryOf({ owner, repo }, context);
    await checkNames(client, at, rest, context);
    const asked = { ...at, ...rest, body: withMark(body, context.effectKey) };
    return write(context, async () => toIssue((await client.rest.issues.create(asked)).data));
  },
  async readBack(client, { args, effectKey, sentAt }, context) {
    const at = repositoryOf(args, context);
    const from = new Date(sentAt.getTime() - SKEW_MS).toISOString();
    for (let page = 1; page <= MAX_PAGES; page++) {
      const asked = {
        ...at,
        state: 'all',
        since: from,
        sort: 'created',
        direction: 'desc',
        per_page: 100,
        page,
      } as const;
      const { data, headers } = await read(context, () => client.rest.issues.listForRepo(asked));
      const found = data.find(({ body }) => hasMark(body, effectKey));
      if (found) return { happened: toIssue(found) };
      const passed = data.some(({ created_at }) => created_at < from);
      if (passed || !headers.link?.includes('rel="next"')) return 'not_happened';
    }
    return 'unclear';
  },
  resource: issueResource,
  async lostByUndo(client, { args, output }, context) {
    const at = { ...repositoryOf(args, context), issue_number: output.number };
    const { data } = await read(context, () => client.rest.issues.get(at));
    if (data.state === 'closed') return [];
    // Closing loses nothing of it, but it stops what others have begun.
    // How many there are is known: who may not read them is told no names.
    const looked = data.comments > 0 && read(context, () => client.rest.issues.listComments(at));
    const comments = looked ? (await looked.catch(undefinedWhereRefused))?.data : [];
    const values = ({ title, assignees, labels, body }: Issue) => ({
      title,
      assignees: assignees.toSorted().join(', '),
      labels: labels.toSorted().join(', '),
      body: body.replaceAll('\r\n', '\n').trim(),
    });
    return [
      ...counted(
        'comments',
        data.comments,
        comments?.map(({ user }) => user?.login),
      ),
      ...counted('children', data.sub_issues_summary?.total ?? 0),
      ...fieldLosses(values(toIssue(data)), values(output)),
    ];
  },
  async undo(client, { args, output }, context) {
    const at = { ...repositoryOf(args, context), issue_number: output.number };
    const { data } = await read(context, () => client.rest.issues.get(at));
    if (data.state === 'closed') return `${at.owner}/${at.repo}#${output.number} was closed already.`;
    await write(context, () => client.rest.issues.update({ ...at, state: 'closed', state_reason: 'not_planned' }));
    return `Closed ${at.owner}/${at.repo}#${output.number} as not planned.`;
  },
});
