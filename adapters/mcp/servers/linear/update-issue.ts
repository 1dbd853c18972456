import { z } from 'zod';
import { OVERWRITES, defineTool, type ToolContext, notRestored } from '../define.ts';
import { compareFields, differencesOf, leftAlone, restorable, parseBefore } from '../fields.ts';
import { type LinearToolClient, write } from './client.ts';
import {
  findIssue,
  getIssue,
  Issue,
  ISSUE_FIELDS,
  issueResource,
  PRIORITIES,
  toIssue,
  toWrittenIssue,
  type WireIssue,
  type WrittenIssue,
} from './issue.ts';
import { findTeam, findUser, stateOf } from './lookups.ts';

const UPDATE = `mutation issueUpdate($id: String!, $input: IssueUpdateInput!) {
  issueUpdate(id: $id, input: $input) { success issue { ${ISSUE_FIELDS} } }
}`;
interface Updated {
  readonly issueUpdate: WrittenIssue;
}

const Input = z.strictObject({
  id: z.string().min(1).max(100).describe('Identifier as ENG-12, or the UUID.'),
  title: z.string().trim().min(1).max(255).optional().describe('The new title.'),
  description: z.string().max(60_000).optional().describe('Markdown; replaces the whole description.'),
  status: z.string().min(1).max(100).optional().describe('Name of a workflow state of the team.'),
  assignee: z.string().min(1).max(200).nullable().optional().describe('Email, name or "me"; null: nobody.'),
  priority: z.enum(PRIORITIES).optional().describe('The new priority.'),
  dueDate: z.iso.date().nullable().optional().describe('A date, as 2026-12-31; null: none.'),
});
type Input = z.infer<typeof Input>;

/** The part of `IssueUpdateInput` that this tool sets; also what is kept of an issue before it is changed. */
const Change = z.object({
  title: z.string().optional(),
  description: z.string().nullish(),
  stateId: z.string().optional(),
  assigneeId: z.string().nullish(),
  priority: z.number().optional(),
  dueDate: z.string().nullish(),
});
type Change = z.infer<typeof Change>;

async function changeOf(client: LinearToolClient, args: Input, context: ToolContext): Promise<Change> {
  const { id, status, assignee, priority, ...rest } = args;
  const team = status ? (await getIssue(client, id, context)).team.id : undefined;
  return {
    ...rest,
    ...(status ? { stateId: stateOf(await findTeam(client, team, context), status) } : {}),
    ...(assignee === undefined
      ? {}
      : { assigneeId: assignee === null ? null : await findUser(client, assignee, context) }),
    ...(priority ? { priority: PRIORITIES.indexOf(priority) } : {}),
  };
}

const currentOf = (issue: WireIssue): Required<Change> => ({
  title: issue.title,
  description: issue.description ?? null,
  stateId: issue.state.id,
  assigneeId: issue.assignee?.id ?? null,
  priority: issue.priority,
  dueDate: issue.dueDate ?? null,
});

/** The fields of `IssueUpdateInput` that a call touches. */
const touchedBy = (args: Input): (keyof Change)[] => {
  const { title, description, status, assignee, priority, dueDate } = args;
  const touched = { title, description, stateId: status, assigneeId: assignee, priority, dueDate };
  return (Object.keys(touched) as (keyof Change)[]).filter((field) => touched[field] !== undefined);
};

type Fields = Readonly<Record<string, unknown>>;

/** Linear writes Markdown its own way, with other bullets and blank lines: descriptions are compared without them. */
function comparable<Before extends Fields | undefined>(given: { now: Fields; wanted: Fields; before: Before }) {
  const bare = <Value extends Fields | undefined>(fields: Value): Value => {
    if (fields?.['description'] === undefined) return fields;
    const { description } = fields;
    const text = typeof description === 'string' ? description.replaceAll(/[\s*_\\-]+/g, '') : '';
    return { ...fields, description: text };
  };
  return { now: bare(given.now), wanted: bare(given.wanted), before: bare(given.before) };
}

/** `issueUpdate`: a set, so saying it twice is harmless. */
export const updateIssue = defineTool<LinearToolClient>()({
  name: 'updateIssue',
  title: 'Change an issue',
  description: 'Changes an issue of the Linear workspace: only what is given.',
  input: Input,
  output: Issue,
  annotations: OVERWRITES,
  async run(client, args, context) {
    const variables = { id: args.id, input: await changeOf(client, args, context) };
    return write(context, async () => toWrittenIssue((await client.ask<Updated>(UPDATE, variables)).issueUpdate));
  },
  async before(client, args, context) {
    const current = currentOf(await getIssue(client, args.id, context));
    return Object.fromEntries(touchedBy(args).map((field) => [field, current[field]]));
  },
  async readBack(client, { args, before }, context) {
    const issue = await findIssue(client, args.id, context);
    if (!issue) return 'unclear';
    const compared = { now: currentOf(issue), wanted: await changeOf(client, args, context), before };
    const verdict = compareFields(comparable(compared));
    return verdict === 'happened' ? { happened: toIssue(issue) } : verdict;
  },
  resource: issueResource,
  async undo(client, { args, output, before }, context) {
    const old = parseBefore(Change, before);
    const now = currentOf(await getIssue(client, output.id, context));
    const wanted = await changeOf(client, args, context);
    const { restore, left } = restorable(comparable({ now, wanted, before: old }));
    const input = Object.fromEntries(Object.entries(old).filter(([field]) => field in restore));
    const named = (fields: readonly string[]) => fields.map((field) => field.replace(/Id$/, ''));
    const restored = Object.keys(input);
    let differs: string[] = [];
    if (restored.length > 0) {
      await write(context, async () =>
        toWrittenIssue((await client.ask<Updated>(UPDATE, { id: output.id, input })).issueUpdate),
      );
      const after = comparable({ now: currentOf(await getIssue(client, output.id, context)), wanted: {}, before: old });
      differs = differencesOf(after.now, after.before, restored);
    }
    return `Put ${output.identifier} back as it was.${leftAlone(named(left))}${notRestored(named(differs))}`;
  },
});
