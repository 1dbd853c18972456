import { z } from 'zod';
import { defineTool, OVERWRITES, ProviderError, notRestored } from '../define.ts';
import { compareFields, differencesOf, leftAlone, restorable, parseBefore } from '../fields.ts';
import { fromAdf, toAdf } from './adf.ts';
import { type JiraClient, Nothing } from './client.ts';
import { Issue, IssueKey, readIssue, toIssue, type WireIssue } from './issue.ts';

const Transitions = z.object({
  transitions: z.array(z.object({ id: z.string(), to: z.object({ name: z.string() }) })),
});

const same = (a: string, b: string): boolean => a.localeCompare(b, undefined, { sensitivity: 'accent' }) === 0;

/** The transition to a status by its name; undefined where the issue is there already. @throws ProviderError `refused` */
async function findTransition(
  client: JiraClient,
  key: string,
  status: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const now = (await readIssue(client, key, signal)).fields.status?.name ?? '';
  if (same(now, status)) return undefined;
  const { transitions } = await client.ask('GET', `/issue/${key}/transitions`, Transitions, { signal });
  const found = transitions.find(({ to }) => same(to.name, status));
  if (found) return found.id;
  const ways = transitions.map(({ to }) => to.name).join(', ') || 'nowhere';
  throw new ProviderError('refused', `${key} is "${now}" and cannot be moved to "${status}". It can go to: ${ways}.`);
}

/** Moves an issue. After fields have been changed a refusal is no longer "nothing was done". */
async function moveTo(
  client: JiraClient,
  key: string,
  id: string,
  { changedAlready, signal }: { readonly changedAlready: boolean; readonly signal: AbortSignal },
): Promise<void> {
  try {
    await client.ask('POST', `/issue/${key}/transitions`, Nothing, { body: { transition: { id } }, signal });
  } catch (error) {
    if (!changedAlready || !(error instanceof ProviderError)) throw error;
    throw new ProviderError('unknown', `The fields of ${key} are set; its status is not. ${error.message}`, {
      cause: error,
    });
  }
}

const Input = z.strictObject({
  key: IssueKey.describe('Key of the issue, such as OPS-12.'),
  summary: z.string().trim().min(1).max(255).optional().describe('The new summary.'),
  description: z.string().max(30_000).optional().describe('Markdown; replaces the whole description.'),
  labels: z
    .array(z.string().regex(/^\S{1,255}$/, 'has no spaces'))
    .max(20)
    .optional()
    .describe('Replaces all labels.'),
  priority: z.string().trim().min(1).max(100).optional().describe('Name of a priority, such as High.'),
  assigneeAccountId: z.string().trim().min(1).max(200).nullable().optional().describe('null: nobody.'),
  status: z.string().trim().min(1).max(100).optional().describe('Name of the status to move it to, such as Done.'),
});
type Input = z.infer<typeof Input>;

/** What can be changed, by our names; a description is compared by what it says, a status without its case. */
function valuesOf({ fields }: WireIssue): Record<string, unknown> {
  return {
    summary: fields.summary ?? '',
    description: fromAdf(fields.description),
    labels: (fields.labels ?? []).toSorted(),
    priority: fields.priority?.name ?? null,
    assigneeAccountId: fields.assignee?.accountId ?? null,
    status: (fields.status?.name ?? '').toLowerCase(),
    // Set by moving it, not by this tool itself.
    resolution: fields.resolution?.name ?? null,
  };
}

/** What is asked for, in the same form. */
function wantedOf(args: Input): Record<string, unknown> {
  const { summary, description, labels, priority, assigneeAccountId, status } = args;
  return {
    summary,
    priority,
    assigneeAccountId,
    ...(status !== undefined && { status: status.toLowerCase() }),
    ...(description !== undefined && { description: fromAdf(toAdf(description)) }),
    ...(labels && { labels: [...new Set(labels)].toSorted() }),
  };
}

/** Our names and values as Jira takes them; `document` is a description that is put back as it was. */
function toWire(values: Record<string, unknown>, document?: unknown): Record<string, unknown> {
  const { summary, description, labels, priority, assigneeAccountId } = values;
  return {
    ...(summary !== undefined && { summary }),
    ...(typeof description === 'string' && { description: document === undefined ? toAdf(description) : document }),
    ...(labels !== undefined && { labels }),
    ...(priority !== undefined && { priority: priority === null ? null : { name: priority } }),
    ...(assigneeAccountId !== undefined && {
      assignee: assigneeAccountId === null ? null : { accountId: assigneeAccountId },
    }),
  };
}

const setFields = async (client: JiraClient, key: string, fields: Record<string, unknown>, signal: AbortSignal) => {
  if (Object.keys(fields).length > 0) await client.ask('PUT', `/issue/${key}`, Nothing, { body: { fields }, signal });
};

/** What `before` keeps: the values, and the description as Jira had it. */
const Before = z.object({ values: z.record(z.string(), z.unknown()), document: z.unknown() });

export const updateIssue = defineTool<JiraClient>()({
  name: 'updateIssue',
  title: 'Change a Jira issue',
  description: 'Sets the fields that are given and moves the issue to a status. What is not given stays as it is.',
  input: Input,
  output: Issue,
  annotations: OVERWRITES,
  async run(client, args, { signal }) {
    const { key, status } = args;
    // A status that cannot be reached is found out before anything is changed.
    const transition = status === undefined ? undefined : await findTransition(client, key, status, signal);
    const fields = toWire(Object.fromEntries(Object.entries(args).filter(([, value]) => value !== undefined)));
    await setFields(client, key, fields, signal);
    if (transition) await moveTo(client, key, transition, { changedAlready: Object.keys(fields).length > 0, signal });
    return toIssue(client, await readBackOrUnknown(client, key, signal));
  },
  async before(client, { key }, { signal }) {
    const issue = await readIssue(client, key, signal);
    return { values: valuesOf(issue), document: issue.fields.description ?? null };
  },
  async readBack(client, { args, before }, { signal }) {
    const issue = await readIssue(client, args.key, signal);
    const was = Before.safeParse(before).data?.values;
    const verdict = compareFields({ now: valuesOf(issue), wanted: wantedOf(args), before: was });
    return verdict === 'happened' ? { happened: toIssue(client, issue) } : verdict;
  },
  resource: ({ key, url }) => ({ id: key, url }),
  async undo(client, { args, before }, { signal }) {
    const was = parseBefore(Before, before);
    const now = valuesOf(await readIssue(client, args.key, signal));
    const { restore, left } = restorable({ now, wanted: wantedOf(args), before: was.values });
    const { status, ...rest } = restore;
    const transition = typeof status === 'string' ? await findTransition(client, args.key, status, signal) : undefined;
    await setFields(client, args.key, toWire(rest, was.document), signal);
    if (transition) await moveTo(client, args.key, transition, { changedAlready: false, signal });
    const restored = [...Object.keys(restore), ...('status' in restore ? ['resolution'] : [])];
    const differs =
      restored.length > 0
        ? differencesOf(valuesOf(await readIssue(client, args.key, signal)), was.values, restored)
        : [];
    return `Put ${args.key} back as it was.${leftAlone(left)}${notRestored(differs)}`;
  },
});

/** The change is made by now, so a failure to look is not a failure of the change. */
async function readBackOrUnknown(client: JiraClient, key: string, signal: AbortSignal): Promise<WireIssue> {
  try {
    return await readIssue(client, key, signal);
  } catch (error) {
    throw new ProviderError('unknown', `${key} was changed, and could not be read afterwards.`, { cause: error });
  }
}
