import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { ADDS, defineTool, ProviderError, type ReadBack, type ReadBackVerdict, type ToolContext } from '../define.ts';
import { toAdf } from './adf.ts';
import { Nothing, type JiraClient } from './client.ts';
import { IssueKey, lostWith, quoteJql, searchIssues } from './issue.ts';

/** The entity property that carries the ledger's key; it is set by the same request that creates the issue. */
const PROPERTY = 'nubabel';

const Input = z.strictObject({
  project: z.string().trim().min(1).max(100).optional().describe('Project key; the connection’s project unless given.'),
  type: z.string().trim().min(1).max(100).default('Task').describe('Name of an issue type of the project.'),
  summary: z
    .string()
    .trim()
    .min(1)
    .max(255)
    .regex(/^[^\n]*$/, 'is one line')
    .describe('One line that says what it is about.'),
  description: z.string().max(30_000).optional().describe('Markdown.'),
  labels: z
    .array(z.string().regex(/^\S{1,255}$/, 'has no spaces'))
    .max(20)
    .optional()
    .describe('Labels, without spaces.'),
  priority: z.string().trim().min(1).max(100).optional().describe('Name of a priority, such as High.'),
  assigneeAccountId: z.string().trim().min(1).max(200).optional().describe('Account id of who is to do it.'),
  parent: IssueKey.optional().describe('Key of the parent, for sub-tasks and issues of an epic.'),
});
type Input = z.infer<typeof Input>;

const Output = z.object({ id: z.string(), key: z.string(), url: z.string().optional() });
const Created = z.object({ id: z.string(), key: z.string() });

function projectOf({ project }: Input, { settings }: ToolContext): string {
  const key = project ?? settings['project'];
  if (key) return key;
  throw new ProviderError('refused', 'Name a project: the connection has no usual one.');
}

export const createIssue = defineTool<JiraClient>()({
  name: 'createIssue',
  title: 'Create a Jira issue',
  description: 'Creates one issue and answers its key and address.',
  input: Input,
  output: Output,
  annotations: ADDS,
  async run(client, args, context) {
    const { type, summary, description, labels, priority, assigneeAccountId, parent } = args;
    const fields = {
      project: { key: projectOf(args, context) },
      issuetype: { name: type },
      summary,
      ...(description && { description: toAdf(description) }),
      ...(labels && { labels }),
      ...(priority && { priority: { name: priority } }),
      ...(assigneeAccountId && { assignee: { accountId: assigneeAccountId } }),
      ...(parent && { parent: { key: parent } }),
    };
    const { effectKey, signal } = context;
    const properties = effectKey ? [{ key: PROPERTY, value: { key: effectKey } }] : [];
    const created = await client.ask('POST', '/issue', Created, { body: { fields, properties }, signal });
    return { ...created, url: client.browseUrl(created.key) };
  },
  readBack: findCreated,
  resource: ({ key, url }) => ({ id: key, url }),
  lostByUndo: (client, { output: { key } }, { signal }) => lostWith(client, key, signal),
  async undo(client, { output: { key, url }, accepted }, { signal }) {
    // Only what a person has said yes to goes with it.
    const query = accepted.some(({ what }) => what === 'children') ? { query: { deleteSubtasks: 'true' } } : {};
    try {
      await client.ask('DELETE', `/issue/${key}`, Nothing, { ...query, signal });
      return `Deleted the Jira issue ${key}.`;
    } catch (error) {
      if (!(error instanceof ProviderError) || error.fault !== 'refused') throw error;
      if (await isGone(client, key, signal))
        return `The Jira issue ${key} is already gone, or this account may not see it.`;
      throw new ProviderError('refused', `${error.message} Delete or close ${url ?? key} by hand.`, { cause: error });
    }
  },
});

async function isGone(client: JiraClient, key: string, signal: AbortSignal): Promise<boolean> {
  try {
    await client.ask('GET', `/issue/${key}`, Nothing, { query: { fields: 'summary' }, signal });
    return false;
  } catch (error) {
    if (error instanceof ProviderError && error.isGone) return true;
    throw error;
  }
}

/** Jira's search learns of a new issue a little later; before that "not found" means nothing. */
const INDEX_DELAY_MS = 10_000;
/** For clocks that differ from Jira's. */
const SLACK_MINUTES = 5;
const MAX_CANDIDATES = 50;

async function findCreated(
  client: JiraClient,
  { args, effectKey, sentAt }: ReadBack<Input>,
  context: ToolContext,
): Promise<ReadBackVerdict<z.infer<typeof Output>>> {
  const { signal } = context;
  const project = projectOf(args, context);
  const settledInMs = INDEX_DELAY_MS - (Date.now() - sentAt.getTime());
  if (settledInMs > 0) await delay(Math.min(settledInMs, INDEX_DELAY_MS), undefined, { signal });
  // Times of day in JQL are in the account's time zone, so minutes are counted back from now.
  const minutes = Math.ceil((Date.now() - sentAt.getTime()) / 60_000) + SLACK_MINUTES;
  const jql = `project = ${quoteJql(project)} AND created >= -${minutes}m ORDER BY created DESC`;
  const { issues, nextPageToken } = await searchIssues(client, { jql, limit: MAX_CANDIDATES, signal });
  const likely = issues.toSorted((a, b) => rank(b.fields.summary, args) - rank(a.fields.summary, args));
  for (const { id, key } of likely) {
    if ((await keyOf(client, key, signal)) === effectKey) return { happened: { id, key, url: client.browseUrl(key) } };
  }
  return nextPageToken ? 'unclear' : 'not_happened';
}

const rank = (summary: string | null | undefined, args: Input): number => (summary === args.summary ? 1 : 0);

const Property = z.object({ value: z.object({ key: z.string() }).partial().catch({}) });

async function keyOf(client: JiraClient, key: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    return (await client.ask('GET', `/issue/${key}/properties/${PROPERTY}`, Property, { signal })).value.key;
  } catch (error) {
    // 404: this issue has no such property, so it is not ours.
    if (error instanceof ProviderError && error.fault === 'refused') return undefined;
    throw error;
  }
}
