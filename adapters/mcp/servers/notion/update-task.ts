import { z } from 'zod';
import { OVERWRITES, defineTool } from '../define.ts';
import { compareFields, leftAlone, restorable, parseBefore } from '../fields.ts';
import { type NotionClient, write } from './client.ts';
import { fieldsOf, taskFields, textPieces, titleField, toProperties, type NotionProperties } from './task-fields.ts';
import { findTask, openTask, Task, taskArgument, taskResource, toTask, toWrittenTask, type FoundTask } from './task.ts';

/** Values of properties by name, as Notion takes them back. */
const Before = z.object({ properties: z.record(z.string(), z.record(z.string(), z.json())) });

/** What a page holds in some of its properties, without what Notion only says and does not take. */
function valuesOf({ page }: FoundTask, names: readonly string[]): NotionProperties {
  const values: NotionProperties = {};
  for (const name of names) {
    const value = page.properties[name];
    if (value?.type === 'title')
      values[name] = { title: textPieces(value.title.map(({ plain_text }) => plain_text).join('')) };
    if (value?.type === 'rich_text') values[name] = { rich_text: value.rich_text.map(toRequest) };
    if (value?.type === 'status') values[name] = { status: value.status && { name: value.status.name } };
    if (value?.type === 'select') values[name] = { select: value.select && { name: value.select.name } };
    if (value?.type === 'people') values[name] = { people: value.people.map(({ id }) => ({ id })) };
    if (value?.type === 'date')
      values[name] = {
        date: value.date && { start: value.date.start, end: value.date.end, time_zone: value.date.time_zone },
      };
  }
  return values;
}

interface Piece {
  readonly type: string;
  readonly plain_text: string;
  readonly text?: { readonly content: string; readonly link: { readonly url: string } | null };
  readonly annotations: { readonly bold: boolean; readonly italic: boolean; readonly code: boolean };
}

/** A piece of text with its link and its most usual styles; what is no text becomes text. */
function toRequest({ plain_text, text, annotations: { bold, italic, code } }: Piece) {
  const content = text?.content ?? plain_text;
  const link = text?.link ? { link: { url: text.link.url } } : {};
  return { type: 'text' as const, text: { content, ...link }, annotations: { bold, italic, code } };
}

/** `pages.update`: a set, so saying it twice is harmless. */
export const updateTask = defineTool<NotionClient>()({
  name: 'updateTask',
  title: 'Change a task',
  description: 'Changes a task of a Notion database: only what is given.',
  input: z.strictObject({ task: taskArgument, title: titleField.optional().describe('The new title.'), ...taskFields }),
  output: Task,
  annotations: OVERWRITES,
  async run(client, { task, ...args }, context) {
    const { page, database } = await openTask(client, task, context);
    const properties = toProperties(database, await fieldsOf(client, args, context));
    const asked = { page_id: page.id, properties };
    return write(context, async () => toWrittenTask(await client.pages.update(asked), database));
  },
  async before(client, { task, ...args }, context) {
    const found = await openTask(client, task, context);
    const touched = toProperties(found.database, await fieldsOf(client, args, context));
    return { properties: valuesOf(found, Object.keys(touched)) };
  },
  async readBack(client, { args: { task, ...args }, before }, context) {
    const found = await findTask(client, task, context);
    if (!found) return 'unclear';
    const wanted = toProperties(found.database, await fieldsOf(client, args, context));
    const now = plain(valuesOf(found, Object.keys(wanted)));
    const old = Before.safeParse(before).data?.properties;
    const verdict = compareFields({ now, wanted: plain(wanted), before: old && plain(old) });
    return verdict === 'happened' ? { happened: toTask(found.page, found.database) } : verdict;
  },
  resource: taskResource,
  async undo(client, { args: given, output: { id, title }, before }, context) {
    const { task: _, ...args } = given;
    const { properties: old } = parseBefore(Before, before);
    const found = await openTask(client, id, context);
    const wanted = toProperties(found.database, await fieldsOf(client, args, context));
    const now = plain(valuesOf(found, Object.keys(wanted)));
    const { restore, left } = restorable({ now, wanted: plain(wanted), before: plain(old) });
    const properties = Object.fromEntries(Object.entries(old).filter(([name]) => name in restore));
    const asked = { page_id: id, properties: properties as unknown as NotionProperties };
    if (Object.keys(properties).length > 0) await write(context, () => client.pages.update(asked));
    return `Put the task "${title}" back as it was.${leftAlone(left)}`;
  },
});

type Values = Readonly<Record<string, unknown>>;
const Shown = z
  .object({
    title: z.array(z.object({ text: z.object({ content: z.string() }) })),
    rich_text: z.array(z.object({ text: z.object({ content: z.string() }) })),
    status: z.object({ name: z.string() }).nullable(),
    select: z.object({ name: z.string() }).nullable(),
    people: z.array(z.object({ id: z.string() })),
    date: z.object({ start: z.string() }).nullable(),
  })
  .partial();

/** Values as people see them, however their text is cut into pieces and their times are written. */
const plain = (properties: Values): Values =>
  Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, plainValue(Shown.parse(value))]));

function plainValue({ title, rich_text, status, select, people, date }: z.infer<typeof Shown>): unknown {
  const pieces = title ?? rich_text;
  if (pieces) return pieces.map(({ text }) => text.content).join('');
  if (people) return people.map(({ id }) => id).sort();
  if (date) return date.start.length > 10 ? Date.parse(date.start) : date.start;
  return status?.name ?? select?.name ?? null;
}
