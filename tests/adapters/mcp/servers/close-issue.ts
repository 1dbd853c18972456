import { z } from 'zod';
import { defineTool, OVERWRITES } from '../../../../adapters/mcp/servers/define.ts';
import { compareFields, parseBefore } from '../../../../adapters/mcp/servers/fields.ts';
import { type GithubClient, read, write } from '../../../../adapters/mcp/servers/github/client.ts';
import { Issue, issueResource, toIssue } from '../../../../adapters/mcp/servers/github/issue.ts';
import { repositoryArguments, repositoryOf } from '../../../../adapters/mcp/servers/github/repository.ts';

const Before = z.object({ state: z.enum(['open', 'closed']) });

/** The example of `docs/adding-a-tool.md`. */
export const closeIssue = defineTool<GithubClient>()({
  name: 'closeIssue',
  title: 'Close an issue',
  description: 'Closes an issue of a GitHub repository as completed.',
  input: z.strictObject({
    ...repositoryArguments,
    number: z.number().int().min(1).describe('Number of the issue.'),
  }),
  output: Issue,
  annotations: OVERWRITES,
  async run(client, { number, ...args }, context) {
    const asked = { ...repositoryOf(args, context), issue_number: number, state: 'closed' } as const;
    return write(context, async () => toIssue((await client.rest.issues.update(asked)).data));
  },
  async before(client, { number, ...args }, context) {
    const asked = { ...repositoryOf(args, context), issue_number: number };
    return { state: (await read(context, () => client.rest.issues.get(asked))).data.state };
  },
  async readBack(client, { args: { number, ...args }, before }, context) {
    const asked = { ...repositoryOf(args, context), issue_number: number };
    const { data } = await read(context, () => client.rest.issues.get(asked));
    const verdict = compareFields({ now: { state: data.state }, wanted: { state: 'closed' }, before });
    return verdict === 'happened' ? { happened: toIssue(data) } : verdict;
  },
  resource: issueResource,
  async undo(client, { args: { number, ...args }, before }, context) {
    const { state } = parseBefore(Before, before);
    await write(context, () =>
      client.rest.issues.update({ ...repositoryOf(args, context), issue_number: number, state }),
    );
    return `Made the issue ${number} ${state} again.`;
  },
});
