import { isFullPage, type QueryDataSourceParameters } from '@notionhq/client';
import { z } from 'zod';
import { READS, defineTool, type ToolContext } from '../define.ts';
import { type NotionClient, read } from './client.ts';
import { findPerson, propertyFor, statusProperty } from './task-fields.ts';
import { openDatabase, type TaskDatabase } from './task-database.ts';
import { databaseArgument, Task, toTask } from './task.ts';

const Input = z.strictObject({
  database: databaseArgument,
  query: z.string().min(1).max(200).optional().describe('Only tasks whose title contains this.'),
  status: z.string().min(1).max(100).optional().describe('Only tasks of this status.'),
  assignee: z.string().min(1).max(200).optional().describe('Only tasks of this person: email or name.'),
  dueBefore: z.iso.date().optional().describe('Only tasks due on or before this date.'),
  dueAfter: z.iso.date().optional().describe('Only tasks due on or after this date.'),
  limit: z.number().int().min(1).max(100).default(25).describe('How many per page.'),
  cursor: z.string().max(500).optional().describe('The nextCursor of the page before.'),
});

type Filter = Extract<NonNullable<QueryDataSourceParameters['filter']>, { and: unknown }>['and'][number];

async function filtersOf(
  client: NotionClient,
  database: TaskDatabase,
  args: z.infer<typeof Input>,
  context: ToolContext,
): Promise<Filter[]> {
  const { query, status, assignee, dueBefore, dueAfter } = args;
  const filters: Filter[] = [];
  if (query) filters.push({ property: database.titleProperty, title: { contains: query } });
  if (status) {
    const name = database.status?.options.find((option) => option.toLowerCase() === status.toLowerCase()) ?? status;
    const [property = ''] = Object.keys(statusProperty(database, status));
    if (database.status?.type === 'select') filters.push({ property, select: { equals: name } });
    else filters.push({ property, status: { equals: name } });
  }
  if (assignee) {
    const property = propertyFor(database, database.assignee, 'people');
    filters.push({ property, people: { contains: await findPerson(client, assignee, context) } });
  }
  const due = dueBefore || dueAfter ? propertyFor(database, database.dueDate, 'date') : '';
  if (dueBefore) filters.push({ property: due, date: { on_or_before: dueBefore } });
  if (dueAfter) filters.push({ property: due, date: { on_or_after: dueAfter } });
  return filters;
}

/** `data_sources.query`, a page at a time. */
export const getTasks = defineTool<NotionClient>()({
  name: 'getTasks',
  title: 'List tasks',
  description: 'Lists tasks of a Notion database, the last changed first.',
  input: Input,
  output: z.object({
    database: z.string().describe('Name of the database.'),
    statuses: z.array(z.string()).describe("What a task's status can be."),
    tasks: z.array(Task),
    nextCursor: z.string().optional().describe('There is more: ask again with it as cursor.'),
  }),
  annotations: READS,
  async run(client, args, context) {
    const database = await openDatabase(client, args.database, context);
    const filters = await filtersOf(client, database, args, context);
    const asked = {
      data_source_id: database.dataSourceId,
      ...(filters.length > 0 ? { filter: { and: filters } } : {}),
      sorts: [{ timestamp: 'last_edited_time' as const, direction: 'descending' as const }],
      page_size: args.limit,
      ...(args.cursor ? { start_cursor: args.cursor } : {}),
    };
    const { results, next_cursor } = await read(context, () => client.dataSources.query(asked));
    return {
      database: database.title,
      statuses: database.status?.options ?? [],
      tasks: results.flatMap((page) => (page.object === 'page' && isFullPage(page) ? toTask(page, database) : [])),
      ...(next_cursor ? { nextCursor: next_cursor } : {}),
    };
  },
});
