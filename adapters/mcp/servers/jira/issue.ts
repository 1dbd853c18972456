import { z } from 'zod';
import type { UndoLoss } from '../../../../contracts/effects.ts';
import { atMost, counted, edited, fieldLoss, ProviderError, UNSEEN } from '../define.ts';
import { fromAdf } from './adf.ts';
import type { JiraClient } from './client.ts';

const Named = z.object({ name: z.string() }).nullish();

/** The fields that are asked for. */
const ISSUE_FIELDS = [
  'summary',
  'status',
  'resolution',
  'issuetype',
  'priority',
  'assignee',
  'labels',
  'created',
  'updated',
  'description',
] as const;

/** An issue on Jira's wire, as far as it is used. */
export const WireIssue = z.object({
  id: z.string(),
  key: z.string(),
  fields: z
    .object({
      summary: z.string().nullish(),
      status: Named,
      resolution: Named,
      issuetype: Named,
      priority: Named,
      assignee: z.object({ accountId: z.string(), displayName: z.string().optional() }).nullish(),
      labels: z.array(z.string()).nullish(),
      created: z.string().nullish(),
      updated: z.string().nullish(),
      description: z.unknown(),
    })
    .partial(),
});
export type WireIssue = z.infer<typeof WireIssue>;

export const IssueKey = z
  .string()
  .trim()
  .toUpperCase()
  .regex(/^[A-Z][A-Z0-9_]{0,30}-\d{1,12}$/, 'is an issue key such as OPS-12');

/** An issue as models see it. */
export const Issue = z.object({
  key: z.string(),
  url: z.string().optional(),
  summary: z.string(),
  status: z.string(),
  type: z.string(),
  priority: z.string().nullable(),
  assignee: z.string().nullable(),
  assigneeAccountId: z.string().nullable(),
  labels: z.array(z.string()),
  created: z.string(),
  updated: z.string(),
  description: z.string(),
});

export function toIssue(client: JiraClient, { key, fields }: WireIssue): z.infer<typeof Issue> {
  return {
    key,
    url: client.browseUrl(key),
    summary: fields.summary ?? '',
    status: fields.status?.name ?? '',
    type: fields.issuetype?.name ?? '',
    priority: fields.priority?.name ?? null,
    assignee: fields.assignee?.displayName ?? null,
    assigneeAccountId: fields.assignee?.accountId ?? null,
    labels: fields.labels ?? [],
    created: fields.created ?? '',
    updated: fields.updated ?? '',
    description: fromAdf(fields.description),
  };
}

/** One issue as it is now. @throws ProviderError `refused` where there is none. */
export const readIssue = (client: JiraClient, key: string, signal: AbortSignal): Promise<WireIssue> =>
  client.ask('GET', `/issue/${key}`, WireIssue, { query: { fields: ISSUE_FIELDS.join(',') }, signal });

const Page = z.object({
  issues: z.array(WireIssue).default([]),
  nextPageToken: z.string().nullish(),
  isLast: z.boolean().optional(),
});

interface Found {
  readonly issues: WireIssue[];
  readonly nextPageToken: string | undefined;
}

/** Pages that one search may take. */
const MAX_PAGES = 5;

/** Issues in the order of the query, page by page until there are `limit`; the token leads on from there. */
export async function searchIssues(
  client: JiraClient,
  asked: { readonly jql: string; readonly limit: number; readonly pageToken?: string; readonly signal: AbortSignal },
): Promise<Found> {
  const issues: WireIssue[] = [];
  let nextPageToken = asked.pageToken;
  for (let page = 0; page < MAX_PAGES; page++) {
    const answer = await client.ask('POST', '/search/jql', Page, {
      body: {
        jql: asked.jql,
        maxResults: asked.limit - issues.length,
        fields: ISSUE_FIELDS,
        ...(nextPageToken && { nextPageToken }),
      },
      reads: true,
      signal: asked.signal,
    });
    issues.push(...answer.issues);
    nextPageToken = answer.isLast === true ? undefined : (answer.nextPageToken ?? undefined);
    if (!nextPageToken || issues.length >= asked.limit) break;
  }
  return { issues, nextPageToken };
}

/** A value as a string of JQL. */
export const quoteJql = (value: string): string => `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

const Author = z.object({ displayName: z.string().nullish() }).nullish();
const Authored = z.object({ author: Author });
const nameOf = ({ author }: z.infer<typeof Authored>) => author?.displayName;

const Comments = z.object({ comments: z.array(Authored), total: z.number().nullish() });
const List = z.array(z.unknown()).nullish();

const History = z.object({
  author: Author,
  created: z.string().nullish(),
  items: z.array(
    // `fromString` and `toString` are read by hand: every object has the second.
    z.looseObject({
      field: z.string(),
      from: z.string().nullish(),
      to: z.string().nullish(),
    }),
  ),
});
type History = z.infer<typeof History>;

const Looked = z.object({
  fields: z.object({
    comment: Comments.nullish(),
    subtasks: List,
    attachment: List,
    issuelinks: List,
    worklog: z.object({ worklogs: z.array(Authored), total: z.number().nullish() }).nullish(),
    created: z.string().nullish(),
    updated: z.string().nullish(),
  }),
  changelog: z.object({ histories: z.array(History), total: z.number().nullish() }).nullish(),
});

const ASKED = {
  fields: 'comment,subtasks,attachment,issuelinks,worklog,created,updated',
  expand: 'changelog',
};

/** What goes with an issue that is deleted: all that was added to it, and changes of fields that stand by now. */
export async function lostWith(client: JiraClient, key: string, signal: AbortSignal): Promise<UndoLoss[] | 'gone'> {
  const found = await client.ask('GET', `/issue/${key}`, Looked, { query: ASKED, signal }).catch(undefinedWhereGone);
  if (!found) return 'gone';
  const { comment, subtasks, attachment, issuelinks, worklog } = found.fields;
  const comments = comment ?? (await askComments(client, key, signal));
  return [
    ...(comments
      ? counted('comments', comments.total ?? comments.comments.length, comments.comments.map(nameOf))
      : [UNSEEN]),
    ...counted('children', subtasks?.length ?? 0),
    ...counted('attachments', attachment?.length ?? 0),
    ...counted('links', issuelinks?.length ?? 0),
    ...counted('worklogs', worklog?.total ?? worklog?.worklogs.length ?? 0, worklog?.worklogs.map(nameOf)),
    ...changedSince(found),
  ];
}

/** Only what is not there loses nothing: who may not look cannot tell. */
function undefinedWhereGone(error: unknown): undefined {
  if (error instanceof ProviderError && error.isGone) return undefined;
  throw error;
}

/** Undefined where the account may not read comments: then nobody can say that there are none. */
async function askComments(client: JiraClient, key: string, signal: AbortSignal) {
  try {
    return await client.ask('GET', `/issue/${key}/comment`, Comments, { signal });
  } catch (error) {
    if (error instanceof ProviderError && error.fault === 'refused') return undefined;
    throw error;
  }
}

/** Told by lists of their own, or not worth a question. */
const TOLD = new Set(['attachment', 'comment', 'link', 'rank', 'timespent', 'timeestimate', 'worklogid']);
/** Between an issue's making and what belongs to it. */
const SAME_MOMENT_MS = 2_000;

/** Fields whose value is another than the issue was made with; what was changed and put back is no loss. */
function changedSince({ fields: { created, updated }, changelog }: z.infer<typeof Looked>): UndoLoss[] {
  if (!changelog) {
    const later = Date.parse(updated ?? '') - Date.parse(created ?? '') > SAME_MOMENT_MS;
    return later ? edited([], updated ?? undefined) : [];
  }
  const inOrder = changelog.histories.toSorted((a, b) => Date.parse(a.created ?? '') - Date.parse(b.created ?? ''));
  const changes = new Map<
    string,
    { readonly from: string; to: string; readonly people: (string | null | undefined)[] }
  >();
  for (const history of inOrder)
    for (const item of history.items) {
      if (TOLD.has(item.field.toLowerCase())) continue;
      const [from, to] = [valueOf(item, 'from'), valueOf(item, 'to')];
      const known = changes.get(item.field) ?? { from, to, people: [] };
      known.to = to;
      known.people.push(nameOf(history));
      changes.set(item.field, known);
    }
  const lasting = [...changes].filter(([, { from, to }]) => from !== to);
  // Jira answers with the newest hundred.
  const isWhole = (changelog.total ?? 0) <= changelog.histories.length;
  return [
    ...atMost(lasting.map(([field, { to, people }]) => fieldLoss(field, to, people))),
    ...(isWhole ? [] : edited([], updated ?? undefined)),
  ];
}

function valueOf(item: History['items'][number], side: 'from' | 'to'): string {
  const name = `${side}String`;
  const text: unknown = Object.hasOwn(item, name) ? (item as Record<string, unknown>)[name] : undefined;
  return typeof text === 'string' ? text : (item[side] ?? '');
}
