import {
  shownTime,
  type NotionDatabase,
  type NotionPage,
  type NotionProperty,
  type NotionState,
  type NotionUser,
  type NotionValue,
  type RichText,
} from './state.ts';

const PLAIN = { bold: false, italic: false, strikethrough: false, underline: false, code: false, color: 'default' };

const textOnWire = ({ content, wire }: RichText) => ({
  type: 'text',
  text: { content, link: null },
  annotations: PLAIN,
  plain_text: content,
  href: null,
  ...wire,
});

export const userOnWire = ({ id, name, email }: NotionUser) => ({
  object: 'user',
  id,
  name,
  avatar_url: null,
  ...(email
    ? { type: 'person', person: { email } }
    : { type: 'bot', bot: { owner: { type: 'workspace', workspace: true }, workspace_name: 'Acme' } }),
});

const optionOnWire = (name: string) => ({ id: Buffer.from(name).toString('hex').slice(0, 8), name, color: 'default' });

export const linkTo = ({ site }: NotionState, id: string): string => `${site}/${id.replaceAll('-', '')}`;
const refOf = (id: string) => ({ object: 'user', id });

export const databaseOnWire = (state: NotionState, database: NotionDatabase) => ({
  object: 'database',
  id: database.id,
  title: [textOnWire({ content: database.title })],
  data_sources: [{ id: database.dataSourceId, name: database.title }],
  parent: { type: 'workspace', workspace: true },
  is_inline: false,
  in_trash: false,
  url: linkTo(state, database.id),
  created_time: '2026-01-01T00:00:00.000Z',
  last_edited_time: '2026-01-01T00:00:00.000Z',
});

const propertyOnWire = (name: string, { id, type, options }: NotionProperty) => ({
  id,
  name,
  type,
  [type]: options ? { options: options.map(optionOnWire), ...(type === 'status' ? { groups: [] } : {}) } : {},
});

export const dataSourceOnWire = (state: NotionState, database: NotionDatabase) => ({
  object: 'data_source',
  id: database.dataSourceId,
  title: [textOnWire({ content: database.title })],
  parent: { type: 'database_id', database_id: database.id },
  database_parent: { type: 'workspace', workspace: true },
  properties: Object.fromEntries(
    Object.entries(database.properties).map(([name, property]) => [name, propertyOnWire(name, property)]),
  ),
  in_trash: false,
  url: linkTo(state, database.dataSourceId),
  created_time: '2026-01-01T00:00:00.000Z',
  last_edited_time: '2026-01-01T00:00:00.000Z',
});

function valueOnWire(state: NotionState, { id, type }: NotionProperty, value: NotionValue | undefined) {
  const shown = (): unknown => {
    if (type === 'title' || type === 'rich_text') return Array.isArray(value) ? value.map(textOnWire) : [];
    if (value === undefined || value === null) return type === 'people' ? [] : null;
    if (typeof value === 'number') return value;
    if ('people' in value)
      return value.people.flatMap((one) => state.users.filter((user) => user.id === one).map(userOnWire));
    if ('name' in value) return optionOnWire(value.name);
    return 'start' in value ? { start: value.start, end: value.end, time_zone: null } : null;
  };
  return { id, type, [type]: shown() };
}

/** A paragraph of a page, as a block. */
export const blockOnWire = (page: NotionPage, paragraph: string, at: number) => ({
  object: 'block',
  id: `${page.id.slice(0, -4)}${String(at).padStart(4, '0')}`,
  parent: { type: 'page_id', page_id: page.id },
  created_time: shownTime(page.createdAt),
  last_edited_time: shownTime(page.createdAt),
  created_by: refOf(page.createdBy),
  last_edited_by: refOf(page.createdBy),
  has_children: false,
  in_trash: false,
  type: 'paragraph',
  paragraph: { rich_text: [], color: 'default', ...(JSON.parse(paragraph) as { paragraph?: object }).paragraph },
});

export const commentOnWire = (state: NotionState, page: NotionPage, by: string, text: string) => ({
  object: 'comment',
  id: `${page.id.slice(0, -4)}cccc`,
  parent: { type: 'page_id', page_id: page.id },
  discussion_id: page.id,
  created_time: shownTime(page.createdAt),
  last_edited_time: shownTime(page.createdAt),
  created_by: refOf(by),
  rich_text: [textOnWire({ content: text })],
  display_name: { type: 'user', resolved_name: state.users.find(({ id }) => id === by)?.name ?? null },
});

export const pageOnWire = (state: NotionState, database: NotionDatabase, page: NotionPage) => ({
  object: 'page',
  id: page.id,
  created_time: shownTime(page.createdAt),
  last_edited_time: shownTime(page.editedAt),
  created_by: refOf(page.createdBy),
  last_edited_by: refOf(page.editedBy ?? page.createdBy),
  parent: { type: 'data_source_id', data_source_id: database.dataSourceId, database_id: database.id },
  in_trash: page.inTrash,
  archived: page.inTrash,
  is_locked: false,
  icon: null,
  cover: null,
  properties: Object.fromEntries(
    Object.entries(database.properties).map(([name, property]) => [
      name,
      valueOnWire(state, property, page.values[name]),
    ]),
  ),
  url: linkTo(state, page.id),
  public_url: null,
});
