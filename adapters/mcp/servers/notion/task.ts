import {
  extractNotionId,
  isFullPage,
  type CommentObjectResponse,
  type ListBlockChildrenResponse,
  type PageObjectResponse,
} from '@notionhq/client';
import { z } from 'zod';
import type { UndoLoss } from '../../../../contracts/effects.ts';
import { counted, edited, fieldLosses, ProviderError, UNSEEN, type ToolContext } from '../define.ts';
import { type NotionClient, isNotFound, read } from './client.ts';
import { openDatabase, openDataSource, type TaskDatabase } from './task-database.ts';

export const databaseArgument = z
  .string()
  .min(1)
  .max(500)
  .optional()
  .describe('Id or link of the database; the usual one if left out.');
export const taskArgument = z.string().min(1).max(500).describe("Id or link of the task's page.");

/** A task: a page of a database. */
export const Task = z.object({
  id: z.string(),
  url: z.string(),
  title: z.string(),
  status: z.string().nullable(),
  assignees: z.array(z.object({ id: z.string(), name: z.string() })),
  dueDate: z.string().nullable().describe('A date or time, as 2026-12-31.'),
  description: z.string(),
  inTrash: z.boolean(),
  createdAt: z.string().describe('Rounded down to the minute.'),
  updatedAt: z.string().describe('Rounded down to the minute.'),
});
export type Task = z.infer<typeof Task>;

export const taskResource = ({ id, url }: Task) => ({ id, url });

type Value = PageObjectResponse['properties'][string];

const textOf = (value: Value | undefined): string => {
  const pieces = value?.type === 'title' ? value.title : value?.type === 'rich_text' ? value.rich_text : [];
  return pieces.map(({ plain_text }) => plain_text).join('');
};

function statusOf(value: Value | undefined): string | null {
  if (value?.type === 'status') return value.status?.name ?? null;
  return value?.type === 'select' ? (value.select?.name ?? null) : null;
}

const peopleOf = (value: Value | undefined): Task['assignees'] =>
  value?.type === 'people'
    ? value.people.map((one) => ({ id: one.id, name: 'name' in one && typeof one.name === 'string' ? one.name : '' }))
    : [];

export function toTask({ properties, ...page }: PageObjectResponse, database: TaskDatabase): Task {
  const valueOf = (name: string | undefined) => (name === undefined ? undefined : properties[name]);
  const due = valueOf(database.dueDate);
  return {
    id: page.id,
    url: page.url,
    title: textOf(properties[database.titleProperty]),
    status: statusOf(valueOf(database.status?.property)),
    assignees: peopleOf(valueOf(database.assignee)),
    dueDate: due?.type === 'date' ? (due.date?.start ?? null) : null,
    description: textOf(valueOf(database.description)),
    inTrash: page.in_trash,
    createdAt: page.created_time,
    updatedAt: page.last_edited_time,
  };
}

/** The answer to a change, inside of the change: one that tells nothing leaves the outcome unknown. @throws Error */
export function toWrittenTask(page: Parameters<typeof isFullPage>[0], database: TaskDatabase): Task {
  if (isFullPage(page)) return toTask(page, database);
  throw new Error('Notion answered with a part of the page.');
}

/** A page as it is answered to a question. @throws ProviderError */
function wholePage(page: Parameters<typeof isFullPage>[0]): PageObjectResponse {
  if (isFullPage(page)) return page;
  throw new ProviderError('refused', 'The integration may not read this page: give it the capability to read content.');
}

export interface FoundTask {
  readonly page: PageObjectResponse;
  readonly database: TaskDatabase;
}

/** A task and the database that it is in. @throws ProviderError */
export async function openTask(client: NotionClient, named: string, context: ToolContext): Promise<FoundTask> {
  const id = extractNotionId(named);
  if (!id) throw new ProviderError('refused', `"${named}" is no id or link of a Notion page.`);
  const page = wholePage(await read(context, () => client.pages.retrieve({ page_id: id })));
  const { parent } = page;
  if (parent.type === 'data_source_id')
    return { page, database: await openDataSource(client, parent.data_source_id, context) };
  if (parent.type === 'database_id') return { page, database: await openDatabase(client, parent.database_id, context) };
  throw new ProviderError('refused', `${page.url} is a page outside of databases, so it is no task.`);
}

/** The same, undefined where the integration sees none. @throws ProviderError */
export async function findTask(
  client: NotionClient,
  named: string,
  context: ToolContext,
): Promise<FoundTask | undefined> {
  try {
    return await openTask(client, named, context);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Blocks whose own comments are looked at: Notion answers three questions a second. Of more, a person is asked. */
const MAX_BLOCKS_ASKED = 10;

/** What goes to the trash with a page that we have made: comments, what stands on it and below it, and other values. */
export async function lostWith(
  client: NotionClient,
  made: Task,
  { page, database }: FoundTask,
  context: ToolContext,
): Promise<UndoLoss[]> {
  const us = page.created_by.id;
  const blocks = await orUndefined(read(context, () => client.blocks.children.list({ block_id: page.id })));
  const results = blocks?.results ?? [];
  const comments = await commentsOf(
    client,
    [page.id, ...results.slice(0, MAX_BLOCKS_ASKED).map(({ id }) => id)],
    context,
  );
  const isWhole = blocks && !blocks.has_more && results.length <= MAX_BLOCKS_ASKED;
  const below = results.filter((block) => 'type' in block && block.type.startsWith('child_'));
  const foreign = results.filter((block) => !below.includes(block) && isOfOthers(block, us));
  const lastBy = page.last_edited_by.id;
  const values = ({ title, status, assignees, dueDate, description }: Task) => ({
    title,
    status: status ?? '',
    assignee: assignees.map(({ id, name }) => name || id).join(', '),
    dueDate: dueDate ?? '',
    description,
  });
  return [
    ...counted('comments', comments?.found.length ?? 0, comments?.found.map(authorOf)),
    ...counted('children', below.length),
    ...(foreign.length > 0 ? [{ what: 'content' } as const] : []),
    ...fieldLosses(values(toTask(page, database)), values(made)),
    ...(lastBy === us ? [] : edited([await nameOf(client, lastBy, context)], page.last_edited_time)),
    ...(isWhole && comments && !comments.more ? [] : [UNSEEN]),
  ];
}

type Block = ListBlockChildrenResponse['results'][number];
const isOfOthers = (block: Block, us: string): boolean =>
  'created_by' in block && (block.created_by.id !== us || block.last_edited_by.id !== us);

const authorOf = ({ created_by: { id }, display_name: shown }: CommentObjectResponse): string =>
  shown.resolved_name ?? id;

/** Undefined where the integration may not read comments: then nobody can say that there are none. */
async function commentsOf(
  client: NotionClient,
  ids: readonly string[],
  context: ToolContext,
): Promise<{ readonly found: readonly CommentObjectResponse[]; readonly more: boolean } | undefined> {
  const found: CommentObjectResponse[] = [];
  let more = false;
  for (const id of ids) {
    const list = await orUndefined(read(context, () => client.comments.list({ block_id: id })));
    if (!list) return undefined;
    found.push(...list.results);
    more ||= list.has_more;
  }
  return { found, more };
}

const nameOf = async (client: NotionClient, id: string, context: ToolContext): Promise<string | undefined> =>
  (await orUndefined(read(context, () => client.users.retrieve({ user_id: id }))))?.name ?? undefined;

async function orUndefined<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ProviderError && error.fault === 'refused') return undefined;
    throw error;
  }
}
