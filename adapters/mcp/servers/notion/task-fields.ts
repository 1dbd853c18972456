import { isFullUser, type UpdatePageParameters, type UserObjectResponse } from '@notionhq/client';
import { z } from 'zod';
import { ProviderError, type ToolContext } from '../define.ts';
import { type NotionClient, read } from './client.ts';
import type { TaskDatabase } from './task-database.ts';

/** Pages of 100 people that are looked through. */
const MAX_PAGES = 10;
/** Names shown of a longer list. */
const MAX_SHOWN = 20;

type Person = UserObjectResponse & { readonly type: 'person' };

async function listPeople(client: NotionClient, context: ToolContext): Promise<Person[]> {
  const people: Person[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const asked = { page_size: 100, ...(cursor ? { start_cursor: cursor } : {}) };
    const { results, next_cursor } = await read(context, () => client.users.list(asked));
    people.push(...results.filter((user): user is Person => isFullUser(user) && user.type === 'person'));
    if (!next_cursor) break;
    cursor = next_cursor;
  }
  return people;
}

/** The id of a person by email, name or id. @throws ProviderError that lists who there is. */
export async function findPerson(client: NotionClient, named: string, context: ToolContext): Promise<string> {
  const wanted = named.replace(/^@/, '').toLowerCase();
  const people = await listPeople(client, context);
  const found = people.filter(({ id, name, person }) =>
    [id, name, person.email].some((text) => text?.toLowerCase() === wanted),
  );
  const [one] = found;
  if (one && found.length === 1) return one.id;
  const list = (found.length > 1 ? found : people).slice(0, MAX_SHOWN);
  const shown = list.map(({ name, person }) => `${name ?? '?'}${person.email ? ` <${person.email}>` : ''}`).join(', ');
  throw new ProviderError(
    'refused',
    found.length > 1
      ? `Several people are called ${named}: ${shown}. Use the email.`
      : `There is no ${named} in this Notion workspace. There are: ${shown || 'nobody the integration can see'}.`,
  );
}

/** Notion takes 2,000 UTF-16 units a piece and 100 pieces a property; a code point has at most two units. */
const PIECE_POINTS = 1_000;

/** What can be said of a task, besides its title. */
export const taskFields = {
  status: z.string().min(1).max(100).optional().describe('Name of a status of the database.'),
  assignee: z.string().min(1).max(200).nullable().optional().describe('Email or name of a person; null: nobody.'),
  dueDate: z
    .union([z.iso.date(), z.iso.datetime({ offset: true })])
    .nullable()
    .optional()
    .describe('A date, as 2026-12-31, or a time; null: none.'),
  description: z.string().max(20_000).optional().describe('What is to be done, as plain text.'),
};
export const titleField = z.string().trim().min(1).max(2_000).describe('One line: what people see in lists.');

interface TaskFields {
  readonly title?: string | undefined;
  readonly status?: string | undefined;
  /** Id of a person. */
  readonly assigneeId?: string | null | undefined;
  readonly dueDate?: string | null | undefined;
  readonly description?: string | undefined;
}

export type NotionProperties = NonNullable<UpdatePageParameters['properties']>;

/** Looks the assignee up, so that fields hold ids only. @throws ProviderError */
export async function fieldsOf(
  client: NotionClient,
  args: Omit<TaskFields, 'assigneeId'> & { readonly assignee?: string | null | undefined },
  context: ToolContext,
): Promise<TaskFields> {
  const { assignee, title, status, dueDate, description } = args;
  const assigneeId = typeof assignee === 'string' ? await findPerson(client, assignee, context) : assignee;
  return { title, status, dueDate, description, assigneeId };
}

/** Notion's text, in as many pieces as it needs. */
export const textPieces = (text: string) =>
  (text.match(new RegExp(`[\\s\\S]{1,${PIECE_POINTS}}`, 'gu')) ?? []).map((content) => ({
    type: 'text' as const,
    text: { content },
  }));

/** Fields as properties of one database. @throws ProviderError that says what the database has. */
export function toProperties(database: TaskDatabase, fields: TaskFields): NotionProperties {
  const { title, status, assigneeId, dueDate, description } = fields;
  const properties: NotionProperties = {};
  if (title !== undefined) properties[database.titleProperty] = { title: textPieces(title) };
  if (status !== undefined) Object.assign(properties, statusProperty(database, status));
  if (assigneeId !== undefined)
    properties[propertyFor(database, database.assignee, 'people')] = {
      people: assigneeId === null ? [] : [{ id: assigneeId }],
    };
  if (dueDate !== undefined)
    properties[propertyFor(database, database.dueDate, 'date')] = {
      date: dueDate === null ? null : { start: dueDate },
    };
  if (description !== undefined)
    properties[propertyFor(database, database.description, 'text')] = { rich_text: textPieces(description) };
  return properties;
}

/** @throws ProviderError when the database has no such property. */
export function propertyFor({ title }: TaskDatabase, property: string | undefined, type: string): string {
  if (property !== undefined) return property;
  throw new ProviderError(
    'refused',
    `The database "${title}" has no ${type} property for this. Add one in Notion, or leave it out.`,
  );
}

/** Notion makes options of a select that are not there, so they are checked first. */
export function statusProperty(database: TaskDatabase, status: string): NotionProperties {
  const { property, type, options } = database.status ?? { property: undefined, type: 'status', options: [] };
  const name = options.find((option) => option.toLowerCase() === status.toLowerCase());
  const named = propertyFor(database, property, 'status');
  if (name === undefined)
    throw new ProviderError(
      'refused',
      `"${status}" is no status of "${database.title}". It has: ${options.slice(0, 20).join(', ')}.`,
    );
  return type === 'status' ? { [named]: { status: { name } } } : { [named]: { select: { name } } };
}
