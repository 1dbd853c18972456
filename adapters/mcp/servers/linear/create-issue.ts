import { z } from 'zod';
import type { UndoLoss } from '../../../../contracts/effects.ts';
import {
  ADDS,
  defineTool,
  ProviderError,
  effectUuid,
  type ToolContext,
  counted,
  edited,
  fieldLosses,
  UNSEEN,
} from '../define.ts';
import { type LinearToolClient, read, write } from './client.ts';
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

const LOOK = `query issue($id: String!) {
  issue(id: $id) {
    comments(first: 50) { nodes { id user { name } } pageInfo { hasNextPage } }
    children(first: 50) { nodes { id } pageInfo { hasNextPage } }
    attachments(first: 50) { nodes { id } pageInfo { hasNextPage } }
    relations(first: 50) { nodes { id } pageInfo { hasNextPage } }
    history(first: 50) { nodes { id actor { id name } } pageInfo { hasNextPage } }
  }
  viewer { id }
}`;
interface Nodes<Node> {
  readonly nodes: readonly Node[];
  readonly pageInfo: { readonly hasNextPage: boolean };
}
interface Looked {
  readonly issue: {
    readonly comments: Nodes<{ readonly user?: { readonly name: string } | null }>;
    readonly children: Nodes<unknown>;
    readonly attachments: Nodes<unknown>;
    readonly relations: Nodes<unknown>;
    readonly history: Nodes<{ readonly actor?: { readonly id: string; readonly name: string } | null }>;
  };
  readonly viewer: { readonly id: string };
}

/** What goes to the trash with an issue: all that was added to it, and fields that hold another value by now. */
async function lostWith(client: LinearToolClient, made: Issue, now: Issue, context: ToolContext): Promise<UndoLoss[]> {
  const { issue, viewer } = await read(context, () => client.ask<Looked>(LOOK, { id: made.id }));
  const { comments, children, attachments, relations, history } = issue;
  const changes = (({ title, status, priority, team, assignee, dueDate, description }: Issue) => ({
    title,
    status,
    priority,
    team,
    assignee: assignee?.name ?? '',
    dueDate: dueDate ?? '',
    // Linear writes Markdown its own way.
    description: description.replaceAll(/[\s*_\\-]+/g, ''),
  })) satisfies (issue: Issue) => Record<string, unknown>;
  const others = history.nodes.flatMap(({ actor }) => (actor && actor.id !== viewer.id ? [actor.name] : []));
  const fields = fieldLosses(changes(now), changes(made));
  return [
    ...counted(
      'comments',
      comments.nodes.length,
      comments.nodes.map(({ user }) => user?.name),
    ),
    ...counted('children', children.nodes.length),
    ...counted('attachments', attachments.nodes.length),
    ...counted('links', relations.nodes.length),
    ...fields,
    // Labels, cycles, estimates and the like: Linear tells who, and that is enough to ask.
    ...(others.length > 0 ? edited(others) : []),
    ...(Object.values(issue).some(({ pageInfo }) => pageInfo.hasNextPage) ? [UNSEEN] : []),
  ];
}

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
  async lostByUndo(client, { output }, context) {
    const there = await findIssue(client, output.id, context);
    if (!there) return 'gone';
    return there.trashed ? [] : lostWith(client, output, toIssue(there), context);
  },
  async undo(client, { output: { id, identifier } }, context) {
    const there = await findIssue(client, id, context);
    if (!there) return `${identifier} is gone already, or this account may not see it.`;
    if (there.trashed) return `${identifier} was deleted already.`;
    await write(context, () => client.sdk.deleteIssue(id));
    return `Moved ${identifier} to the trash of Linear, where it stays for 30 days.`;
  },
});
