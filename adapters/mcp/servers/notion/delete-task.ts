import { z } from 'zod';
import { OVERWRITES, defineTool } from '../define.ts';
import { parseBefore } from '../fields.ts';
import { type NotionClient, write } from './client.ts';
import { findTask, openTask, Task, taskArgument, taskResource, toTask, toWrittenTask } from './task.ts';

/** Moves a page to the trash, where people can get it back for 30 days; so can `undo`. */
export const deleteTask = defineTool<NotionClient>()({
  name: 'deleteTask',
  title: 'Delete a task',
  description: 'Moves a task of a Notion database to the trash.',
  input: z.strictObject({ task: taskArgument }),
  output: Task,
  annotations: OVERWRITES,
  async run(client, { task }, context) {
    const { page, database } = await openTask(client, task, context);
    const asked = { page_id: page.id, in_trash: true };
    return write(context, async () => toWrittenTask(await client.pages.update(asked), database));
  },
  async before(client, { task }, context) {
    const { page } = await openTask(client, task, context);
    return { inTrash: page.in_trash };
  },
  async readBack(client, { args: { task } }, context) {
    const found = await findTask(client, task, context);
    if (!found) return 'unclear';
    return found.page.in_trash ? { happened: toTask(found.page, found.database) } : 'not_happened';
  },
  resource: taskResource,
  async undo(client, { output: { id, title }, before }, context) {
    const { inTrash } = parseBefore(z.object({ inTrash: z.boolean() }), before);
    if (inTrash) return `The task "${title}" was in the trash before, so it stays there.`;
    const { page } = await openTask(client, id, context);
    if (page.in_trash) await write(context, () => client.pages.update({ page_id: id, in_trash: false }));
    return `Took the task "${title}" out of the trash.`;
  },
});
