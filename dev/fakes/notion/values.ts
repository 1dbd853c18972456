import { isRecord } from '../http-server.ts';
import { invalid } from './answers.ts';
import type { NotionDatabase, NotionProperty, NotionState, NotionValue, RichText } from './state.ts';

/** Characters of one piece of text, and pieces of one property. */
const MAX_CONTENT = 2_000;
const MAX_PIECES = 100;

/** The properties of a request, checked against the data source as Notion does. */
export function valuesOf(state: NotionState, database: NotionDatabase, given: unknown): Record<string, NotionValue> {
  if (!isRecord(given)) throw invalid('body failed validation: body.properties should be defined.');
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => {
      const property = database.properties[name];
      if (!property) throw invalid(`${name} is not a property that exists.`);
      if (!isRecord(value) || !(property.type in value)) throw invalid(`${name} is expected to be ${property.type}.`);
      return [name, valueOf(state, name, property, value[property.type])];
    }),
  );
}

function valueOf(state: NotionState, name: string, property: NotionProperty, value: unknown): NotionValue {
  switch (property.type) {
    case 'title':
    case 'rich_text':
      return textsOf(name, value);
    case 'status':
    case 'select':
      return value === null ? null : optionOf(property, value);
    case 'people':
      return { people: peopleOf(state, value) };
    case 'date':
      return value === null ? null : dateOf(name, value);
    case 'number':
    default:
      return typeof value === 'number' ? value : null;
  }
}

function textsOf(name: string, value: unknown): RichText[] {
  const pieces = Array.isArray(value) ? value : [];
  if (pieces.length > MAX_PIECES) throw invalid(`body.properties.${name} length should be ≤ \`${MAX_PIECES}\`.`);
  return pieces.filter(isRecord).map((piece) => {
    const { text, mention, equation } = piece;
    const annotations = isRecord(piece['annotations']) ? { annotations: piece['annotations'] } : {};
    if (isRecord(mention))
      return { content: '@', wire: { type: 'mention', mention: mentionOf(mention), ...annotations } };
    if (isRecord(equation))
      return { content: String(equation['expression']), wire: { type: 'equation', equation, ...annotations } };
    const content = isRecord(text) && typeof text['content'] === 'string' ? text['content'] : '';
    if (content.length > MAX_CONTENT)
      throw invalid(`body.properties.${name}[0].text.content.length should be ≤ \`${MAX_CONTENT}\`.`);
    const link = isRecord(text) && isRecord(text['link']) ? { text: { content, link: text['link'] } } : {};
    const wire = { ...link, ...annotations };
    return { content, ...(Object.keys(wire).length > 0 && { wire }) };
  });
}

/** Asked for without its type, and told with it. */
function mentionOf(mention: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const type = Object.keys(mention).find((name) => name !== 'type') ?? '';
  return { type, ...mention };
}

/** An option of a status must be there; one of a select is made. */
function optionOf({ type, options = [] }: NotionProperty, value: unknown): NotionValue {
  const name = isRecord(value) && typeof value['name'] === 'string' ? value['name'] : '';
  if (!options.includes(name)) {
    if (type === 'status') throw invalid(`Invalid status option. Status option "${name}" does not exist".`);
    options.push(name);
  }
  return { name };
}

function peopleOf({ users }: NotionState, value: unknown): string[] {
  const ids = (Array.isArray(value) ? value : []).filter(isRecord).map(({ id }) => String(id));
  const stranger = ids.find((id) => !users.some((user) => user.id === id));
  if (stranger) throw invalid(`Could not find user with ID: ${stranger}.`);
  return ids;
}

function dateOf(name: string, value: unknown): NotionValue {
  const { start, end = null } = isRecord(value) ? value : {};
  if (typeof start !== 'string' || Number.isNaN(Date.parse(start)))
    throw invalid(`body.properties.${name}.date.start should be a valid ISO 8601 date string.`);
  return { start, end: typeof end === 'string' ? end : null };
}
