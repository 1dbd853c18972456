import { z } from 'zod';
import { OVERWRITES } from '../annotations.ts';
import { defineTool, ProviderError, type ToolContext } from '../define.ts';
import { whatWasBefore } from '../what-was-before.ts';
import type { GithubClient } from './client.ts';
import { githubStatusOf, read, write } from './failures.ts';
import { Issue, issueResource, MAX_BODY, toIssue, withMarkOf, withoutMark } from './issue.ts';
import { checkNames, repositoryArguments, repositoryOf } from './repository.ts';

const changes = {
  title: z.string().trim().min(1).max(256).optional().describe('The new title.'),
  body: z.string().max(MAX_BODY).optional().describe('Markdown; replaces the whole body.'),
  state: z.enum(['open', 'closed']).optional().describe('Closes it or opens it again.'),
  stateReason: z
    .enum(['completed', 'not_planned', 'reopened'])
    .optional()
    .describe('Why it is closed or opened again.'),
  labels: z.array(z.string().min(1).max(50)).max(50).optional().describe('Replaces all labels.'),
  assignees: z.array(z.string().min(1).max(100)).max(10).optional().describe('Replaces all assignees; logins.'),
};

const Input = z.strictObject({
  ...repositoryArguments,
  number: z.number().int().min(1).describe('Number of the issue.'),
  ...changes,
});
type Input = z.infer<typeof Input>;
/** What is kept of an issue: only what would be changed. */
const Before = z.object({ ...changes, stateReason: z.string().nullish() });

/** The issue as it is; a pull request of that number is none. @throws ProviderError */
async function issueAt(client: GithubClient, args: Input, context: ToolContext) {
  const at = { ...repositoryOf(args, context), issue_number: args.number };
  const { data } = await read(context, () => client.rest.issues.get(at));
  if (data.pull_request)
    throw new ProviderError('refused', `#${args.number} is a pull request. This tool changes issues only.`);
  return data;
}

const sameNames = (a: readonly string[], b: readonly string[]): boolean =>
  JSON.stringify(a.map((one) => one.toLowerCase()).sort()) === JSON.stringify(b.map((one) => one.toLowerCase()).sort());
const sameText = (a: string, b: string): boolean =>
  a.replaceAll('\r\n', '\n').trim() === b.replaceAll('\r\n', '\n').trim();

/** Whether an issue is as it was asked to be. */
function isAsWanted(
  issue: Issue,
  whole: string,
  { title, body, state, stateReason, labels, assignees }: Input,
): boolean {
  return (
    (title === undefined || issue.title === title) &&
    (body === undefined || sameText(whole, body)) &&
    (state === undefined || issue.state === state) &&
    (stateReason === undefined || issue.stateReason === stateReason) &&
    (labels === undefined || sameNames(issue.labels, labels)) &&
    (assignees === undefined || sameNames(issue.assignees, assignees))
  );
}

const onWire = ({ stateReason, ...rest }: Partial<Omit<Input, 'owner' | 'repo' | 'number'>>) => ({
  ...rest,
  ...(stateReason ? { state_reason: stateReason } : {}),
});

/** `PATCH /repos/…/issues/n`: a set, so saying it twice is harmless. */
export const updateIssue = defineTool<GithubClient>()({
  name: 'updateIssue',
  title: 'Change an issue',
  description: 'Changes an issue of a GitHub repository: only what is given; closing it too.',
  input: Input,
  output: Issue,
  annotations: OVERWRITES,
  async run(client, args, context) {
    const { owner: _, repo: __, number, ...wanted } = args;
    const at = { ...repositoryOf(args, context), issue_number: number };
    await checkNames(client, at, wanted, context);
    const old = await issueAt(client, args, context);
    const body = wanted.body === undefined ? {} : { body: withMarkOf(wanted.body, old.body) };
    const asked = { ...at, ...onWire(wanted), ...body };
    return write(context, async () => toIssue((await client.rest.issues.update(asked)).data));
  },
  async before(client, args, context) {
    const wire = await issueAt(client, args, context);
    const all = { ...toIssue(wire), body: withoutMark(wire.body) };
    const touched = new Set([
      ...Object.keys(args),
      ...(args.state || args.stateReason ? ['state', 'stateReason'] : []),
    ]);
    return Object.fromEntries(Object.entries(all).filter(([field]) => field in changes && touched.has(field)));
  },
  async readBack(client, { args }, context) {
    try {
      const wire = await issueAt(client, args, context);
      const issue = toIssue(wire);
      return isAsWanted(issue, withoutMark(wire.body), args) ? { happened: issue } : 'not_happened';
    } catch (error) {
      if (githubStatusOf(error) === 404 || githubStatusOf(error) === 410) return 'unclear';
      throw error;
    }
  },
  resource: issueResource,
  async undo(client, { args, before }, context) {
    const { stateReason, ...old } = whatWasBefore(Before, before);
    const at = { ...repositoryOf(args, context), issue_number: args.number };
    const now = await issueAt(client, args, context);
    const body = old.body === undefined ? {} : { body: withMarkOf(old.body, now.body) };
    const reason = z.enum(['completed', 'not_planned', 'reopened']).safeParse(stateReason);
    const restored = onWire({ ...old, ...(reason.success ? { stateReason: reason.data } : {}) });
    await write(context, () => client.rest.issues.update({ ...at, ...restored, ...body }));
    return `Restored ${Object.keys(old).join(', ')} of ${at.owner}/${at.repo}#${args.number}.`;
  },
});
