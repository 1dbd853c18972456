import { ownValue } from '../../../../contracts/json.ts';
import { extractNotionId, isFullDatabase, isFullDataSource, type GetDataSourceResponse } from '@notionhq/client';
import { ProviderError, type ToolContext } from '../define.ts';
import { type NotionClient, isNotFound, read } from './client.ts';

/** Where a database of tasks keeps what; found by the types of its properties, so any database will do. */
export interface TaskDatabase {
  readonly dataSourceId: string;
  readonly title: string;
  readonly titleProperty: string;
  readonly status:
    { readonly property: string; readonly type: 'status' | 'select'; readonly options: string[] } | undefined;
  readonly assignee: string | undefined;
  readonly dueDate: string | undefined;
  readonly description: string | undefined;
}

type Properties = GetDataSourceResponse['properties'];

/** Of several properties of a type the one that is called so, else the first. */
function nameOf(properties: Properties, type: string, called: RegExp): string | undefined {
  const names = Object.keys(properties).filter((name) => properties[name]?.type === type);
  return names.find((name) => called.test(name)) ?? names[0];
}

function statusOf(properties: Properties): TaskDatabase['status'] {
  const status = nameOf(properties, 'status', /status|state|상태/i);
  const select = nameOf(properties, 'select', /status|state|stage|progress|상태|진행|단계/i);
  const property = status ?? select;
  const config = property === undefined ? undefined : ownValue(properties, property);
  if (property === undefined || !config) return undefined;
  if (config.type === 'status')
    return { property, type: 'status', options: config.status.options.map(({ name }) => name) };
  if (config.type === 'select')
    return { property, type: 'select', options: config.select.options.map(({ name }) => name) };
  return undefined;
}

/** @throws ProviderError when it is not shared with the integration. */
export async function openDataSource(
  client: NotionClient,
  dataSourceId: string,
  context: ToolContext,
): Promise<TaskDatabase> {
  const source = await read(context, () => client.dataSources.retrieve({ data_source_id: dataSourceId }));
  const { properties } = source;
  return {
    dataSourceId,
    title: isFullDataSource(source) ? source.title.map(({ plain_text }) => plain_text).join('') : '',
    titleProperty: nameOf(properties, 'title', /./) ?? 'title',
    status: statusOf(properties),
    assignee: nameOf(properties, 'people', /assign|owner|responsible|담당/i),
    dueDate: nameOf(properties, 'date', /due|deadline|마감|기한/i),
    description: nameOf(properties, 'rich_text', /desc|note|summary|detail|설명|내용|메모/i),
  };
}

/**
 * A database by its id or link; the connection may have a usual one. Of a database with several data sources it is the
 * first; the id of a data source names another.
 * @throws ProviderError
 */
export async function openDatabase(
  client: NotionClient,
  given: string | undefined,
  context: ToolContext,
): Promise<TaskDatabase> {
  const named = given ?? context.settings['database'];
  if (!named) throw new ProviderError('refused', 'Name the database, or give the connection the setting database.');
  const id = extractNotionId(named);
  if (!id) throw new ProviderError('refused', `"${named}" is no id or link of a Notion database.`);
  try {
    const database = await read(context, () => client.databases.retrieve({ database_id: id }));
    const first = isFullDatabase(database) ? database.data_sources[0] : undefined;
    if (first) return await openDataSource(client, first.id, context);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  return openDataSource(client, id, context).catch((error: unknown) => {
    throw isNotFound(error) ? notShared(named, error) : error;
  });
}

const notShared = (named: string, cause: unknown): ProviderError =>
  new ProviderError(
    'refused',
    `There is no database ${named} shared with this integration; share it in Notion: open the database, "•••", "Connections", and add the integration.`,
    { cause },
  );
