import { isFullPage } from '@notionhq/client';
import { z } from 'zod';
import { ADDS, defineTool } from '../define.ts';
import { type NotionClient, isNotFound, read, write } from './client.ts';
import { openDatabase } from './task-database.ts';
import { fieldsOf, taskFields, textPieces, titleField, toProperties } from './task-fields.ts';
import { databaseArgument, findTask, lostWith, Task, openTask, taskResource, toTask, toWrittenTask } from './task.ts';

/** How far Notion's clock may be behind ours. */
const SKEW_MS = 120_000;
const MINUTE_MS = 60_000;

/**
 * `pages.create`. Notion takes no key of ours and keeps nothing that could carry one unseen, so a lost answer is looked
 * up by title, maker and time; two tasks that could be it are `unclear`. Undone by moving to the trash.
 */
export const createTask = defineTool<NotionClient>()({
  name: 'createTask',
  title: 'Create a task',
  description: 'Adds a task to a Notion database.',
  input: z.strictObject({ database: databaseArgument, title: titleField, ...taskFields }),
  output: Task,
  annotations: ADDS,
  async run(client, { database: named, description, ...args }, context) {
    const database = await openDatabase(client, named, context);
    const fields = await fieldsOf(client, args, context);
    const inProperty = database.description !== undefined;
    // Without a property for it the description becomes the page's own text.
    const children = (inProperty ? [] : textPieces(description ?? '')).map((piece) => ({
      paragraph: { rich_text: [piece] },
    }));
    const asked = {
      parent: { type: 'data_source_id' as const, data_source_id: database.dataSourceId },
      properties: toProperties(database, { ...fields, ...(inProperty ? { description } : {}) }),
      ...(children.length > 0 ? { children } : {}),
    };
    return write(context, async () => toWrittenTask(await client.pages.create(asked), database));
  },
  /**
   * Times of Notion are rounded down to the minute. `not_happened` means that it is not there now: a request that is
   * still on its way could come later, so the caller asks only when no answer can come any more.
   */
  async readBack(client, { args, sentAt, taken }, context) {
    const database = await openDatabase(client, args.database, context);
    const me = await read(context, () => client.users.me({}));
    const from = Math.floor((sentAt.getTime() - SKEW_MS) / MINUTE_MS) * MINUTE_MS;
    const sameTitle = { property: database.titleProperty, title: { equals: args.title } };
    const since = { timestamp: 'created_time', created_time: { on_or_after: new Date(from).toISOString() } } as const;
    const asked = { data_source_id: database.dataSourceId, filter: { and: [sameTitle, since] }, page_size: 100 };
    const { results, has_more } = await read(context, () => client.dataSources.query(asked));
    const ours = results
      .flatMap((page) => (page.object === 'page' && isFullPage(page) ? [page] : []))
      .filter(({ created_by, created_time }) => created_by.id === me.id && Date.parse(created_time) >= from)
      .map((page) => toTask(page, database))
      .filter(({ id, title }) => title === args.title && !taken.has(id));
    const [one] = ours;
    if (has_more || ours.length > 1) return 'unclear';
    return one ? { happened: one } : 'not_happened';
  },
  resource: taskResource,
  async lostByUndo(client, { output }, context) {
    const found = await findTask(client, output.id, context);
    if (!found) return 'gone';
    return found.page.in_trash ? [] : lostWith(client, output, found, context);
  },
  async undo(client, { output: { id, title } }, context) {
    try {
      const { page } = await openTask(client, id, context);
      if (page.in_trash) return `The task "${title}" is in the trash already.`;
      await write(context, () => client.pages.update({ page_id: id, in_trash: true }));
    } catch (error) {
      if (!isNotFound(error)) throw error;
      return `The task "${title}" is gone already, or is not shared with this integration.`;
    }
    return `Moved the task "${title}" to the trash of Notion.`;
  },
});
