import { z } from 'zod';
import { OVERWRITES, defineTool, notRestored } from '../define.ts';
import type { RichTextItemResponse } from '@notionhq/client';
import { compareFields, leftAlone, restorable, parseBefore } from '../fields.ts';
import { type NotionClient, write } from './client.ts';
import { fieldsOf, taskFields, titleField, toProperties, type NotionProperties } from './task-fields.ts';
import { findTask, openTask, Task, taskArgument, taskResource, toTask, toWrittenTask, type FoundTask } from './task.ts';

/** Values of properties by name, as Notion takes them back. */
const Before = z.object({
  properties: z.record(z.string(), z.record(z.string(), z.json())),
  /** Of these some comes back as plain text only. */
  partly: z.array(z.string()).default([]),
});

/** What a page holds in some of its properties, without what Notion only says and does not take. */
function valuesOf({ page }: FoundTask, names: readonly string[]): NotionProperties {
  const values: NotionProperties = {};
  for (const name of names) {
    const value = page.properties[name];
    if (value?.type === 'title') values[name] = { title: value.title.map(toRequest) };
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

type Request = NonNullable<Extract<NotionProperties[string], { rich_text: unknown }>['rich_text']>[number];

/** A piece with its link, its styles, its equation or whom it mentions; what Notion only shows becomes text. */
function toRequest(piece: RichTextItemResponse): Request {
  const { plain_text, annotations } = piece;
  if (piece.type === 'equation') return { type: 'equation', equation: piece.equation, annotations };
  if (piece.type === 'mention') {
    const { mention } = piece;
    if (mention.type === 'user') return { type: 'mention', mention: { user: { id: mention.user.id } }, annotations };
    if (mention.type === 'page') return { type: 'mention', mention: { page: mention.page }, annotations };
    if (mention.type === 'database') return { type: 'mention', mention: { database: mention.database }, annotations };
    if (mention.type === 'date') return { type: 'mention', mention: { date: mention.date }, annotations };
  }
  const text = piece.type === 'text' ? piece.text : { content: plain_text, link: null };
  return { type: 'text', text: { content: text.content, link: text.link && { url: text.link.url } }, annotations };
}

/** Whether a piece comes back as what it was. */
const isRestorable = (piece: RichTextItemResponse): boolean =>
  piece.type !== 'mention' || ['user', 'page', 'database', 'date'].includes(piece.mention.type);

/** Properties whose text has pieces that Notion shows and takes from nobody, such as previews of links. */
const partlyKept = ({ page }: FoundTask, names: readonly string[]): string[] =>
  names.filter((name) => {
    const value = page.properties[name];
    const pieces = value?.type === 'title' ? value.title : value?.type === 'rich_text' ? value.rich_text : [];
    return !pieces.every(isRestorable);
  });

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
    const names = Object.keys(touched);
    return { properties: valuesOf(found, names), partly: partlyKept(found, names) };
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
    const { properties: old, partly } = parseBefore(Before, before);
    const found = await openTask(client, id, context);
    const wanted = toProperties(found.database, await fieldsOf(client, args, context));
    const now = plain(valuesOf(found, Object.keys(wanted)));
    const { restore, left } = restorable({ now, wanted: plain(wanted), before: plain(old) });
    const properties = Object.fromEntries(Object.entries(old).filter(([name]) => name in restore));
    const asked = { page_id: id, properties: properties as unknown as NotionProperties };
    if (Object.keys(properties).length > 0) await write(context, () => client.pages.update(asked));
    const plainly = partly
      .filter((name) => name in restore)
      .map((name) => `parts of ${name}, which are plain text now`);
    return `Put the task "${title}" back as it was.${leftAlone(left)}${notRestored(plainly)}`;
  },
});

type Values = Readonly<Record<string, unknown>>;
const Piece = z.union([
  z.object({ text: z.object({ content: z.string() }) }).transform(({ text }) => text.content),
  // Mentions and equations are the same only where they are of the same.
  z.looseObject({ type: z.string() }).transform((piece) => JSON.stringify({ ...piece, annotations: undefined })),
]);
const Shown = z
  .object({
    title: z.array(Piece),
    rich_text: z.array(Piece),
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
  if (pieces) return pieces.join('');
  if (people) return people.map(({ id }) => id).sort();
  if (date) return date.start.length > 10 ? Date.parse(date.start) : date.start;
  return status?.name ?? select?.name ?? null;
}
