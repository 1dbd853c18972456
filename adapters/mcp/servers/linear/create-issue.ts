import { z } from 'zod';
import { ADDS, defineTool, ProviderError, effectUuid } from '../define.ts';
import { type LinearToolClient, write } from './client.ts';
import {
  findIssue,
  Issue,
  ISSUE_FIELDS,
  issueResource,
  PRIORITIES,
  toIssue,
  toWrittenIssue,
  type WrittenIssue,
} from './issue.ts';
import { findTeam, findUser, stateOf } from './lookups.ts';

const CREATE = `mutation issueCreate($input: IssueCreateInput!) {
  issueCreate(input: $input) { success issue { ${ISSUE_FIELDS} } }
}`;
interface Created {
  readonly issueCreate: WrittenIssue;
}

/**
 * `issueCreate` with an id that comes from the effect's key: Linear refuses the same id a second time, and then the issue
 * that is there is the answer. So the same call twice is one effect.
 */
export const createIssue = defineTool<LinearToolClient>()({
  name: 'createIssue',
  title: 'Create an issue',
  description: 'Creates an issue in a team of the Linear workspace.',
  input: z.strictObject({
    team: z.string().min(1).max(100).optional().describe('Key, name or id of the team; the usual one if left out.'),
    title: z.string().trim().min(1).max(255).describe('One line.'),
    description: z.string().max(60_000).optional().describe('Markdown.'),
    status: z.string().min(1).max(100).optional().describe('Name of a workflow state of the team.'),
    assignee: z.string().min(1).max(200).optional().describe('Email or name of a person, or "me".'),
    priority: z.enum(PRIORITIES).optional().describe('How urgent it is; none if left out.'),
    dueDate: z.iso.date().optional().describe('A date, as 2026-12-31.'),
  }),
  output: Issue,
  annotations: ADDS,
  takesEffectKey: true,
  async run(client, { team: named, status, assignee, priority, ...rest }, context) {
    const { effectKey } = context;
    const team = await findTeam(client, named, context);
    const input = {
      ...rest,
      ...(effectKey ? { id: effectUuid(effectKey) } : {}),
      teamId: team.id,
      ...(status ? { stateId: stateOf(team, status) } : {}),
      ...(assignee ? { assigneeId: await findUser(client, assignee, context) } : {}),
      ...(priority ? { priority: PRIORITIES.indexOf(priority) } : {}),
    };
    try {
      return await write(context, async () =>
        toWrittenIssue((await client.ask<Created>(CREATE, { input })).issueCreate),
      );
    } catch (error) {
      // Whatever the refusal says: when the issue of this effect is there, it was made by an earlier try.
      const refused = error instanceof ProviderError && error.fault === 'refused';
      const there = effectKey && refused ? await findIssue(client, effectUuid(effectKey), context) : undefined;
      if (there) return toIssue(there);
      throw error;
    }
  },
  /** `not_happened`: there is no issue with this id now. One that is still on its way cannot become a second one. */
  async readBack(client, { effectKey }, context) {
    const there = await findIssue(client, effectUuid(effectKey), context);
    return there ? { happened: toIssue(there) } : 'not_happened';
  },
  resource: issueResource,
  async undo(client, { output: { id, identifier } }, context) {
    const there = await findIssue(client, id, context);
    if (!there || there.trashed) return `${identifier} was deleted already.`;
    await write(context, () => client.sdk.deleteIssue(id));
    return `Moved ${identifier} to the trash of Linear, where it stays for 30 days.`;
  },
});
