import { randomUUID } from 'node:crypto';
import { isRecord } from '../http-server.ts';
import type { ProviderAnswer, ProviderCall, ProviderRules } from '../provider/types.ts';
import { failure, invalid, listOf, missing, NotionRefusalError, refusal } from './answers.ts';
import { passes, sorted } from './query.ts';
import type { NotionDatabase, NotionPage, NotionState } from './state.ts';
import { blockOnWire, commentOnWire, databaseOnWire, dataSourceOnWire, pageOnWire, userOnWire } from './to-wire.ts';
import { valuesOf } from './values.ts';

/** Since this version a database has data sources; older ones speak otherwise. */
const MIN_VERSION = '2025-09-03';

const ok = (body: object): ProviderAnswer => ({ status: 200, body: { ...body, request_id: randomUUID() } });
const bare = (id: string): string => id.replaceAll('-', '').toLowerCase();

/** The part of Notion's API about databases, pages and people. */
export const notionRules = (state: NotionState): ProviderRules => ({
  operationOf: ({ method, path }) =>
    `${method} ${path.replace(/^\/v1/, '').replaceAll(/\/[0-9a-f-]{32,36}(?=\/|$)/gi, '/:id')}`,
  failure,
  // An average of three a second, with bursts.
  limit: { requests: 180, windowMs: 60_000 },
  handle(call) {
    try {
      if (call.headers.authorization !== `Bearer ${state.token}`) return failure(401);
      const version = call.headers['notion-version'];
      if (typeof version !== 'string')
        throw new NotionRefusalError(400, 'missing_version', 'Notion-Version header failed validation.');
      if (version < MIN_VERSION) throw invalid(`This fake speaks ${MIN_VERSION} and newer.`);
      return route(state, call);
    } catch (error) {
      if (error instanceof NotionRefusalError) return refusal(error);
      throw error;
    }
  },
});

function route(state: NotionState, call: ProviderCall): ProviderAnswer {
  const [, room = '', id = '', rest = ''] = /^\/v1\/(\w+)(?:\/([\w-]+))?(?:\/(\w+))?$/.exec(call.path) ?? [];
  switch (`${call.method} ${room}${id === 'me' ? '/me' : id ? '/:id' : ''}${rest ? `/${rest}` : ''}`) {
    case 'GET users/me':
      return ok(userOnWire(state.bot));
    case 'GET users':
      return listOf('user', state.users.map(userOnWire), {
        size: call.query.get('page_size'),
        cursor: call.query.get('start_cursor'),
      });
    case 'GET users/:id':
      return ok(userOf(state, id));
    case 'GET comments':
      return comments(state, call);
    case 'GET blocks/:id/children':
      return children(state, id, call);
    case 'GET databases/:id':
      return ok(databaseOnWire(state, sharedOf(state, 'database', id)));
    case 'GET data_sources/:id':
      return ok(dataSourceOnWire(state, sharedOf(state, 'data_source', id)));
    case 'POST data_sources/:id/query':
      return query(state, sharedOf(state, 'data_source', id), call);
    case 'POST pages':
      return create(state, call);
    case 'GET pages/:id':
      return ok(onWire(state, pageOf(state, id)));
    case 'PATCH pages/:id':
      return update(state, pageOf(state, id), call);
    default:
      return refusal(new NotionRefusalError(400, 'invalid_request_url', 'Invalid request URL.'));
  }
}

function sharedOf({ databases }: NotionState, what: 'database' | 'data_source', id: string): NotionDatabase {
  const found = databases.find((one) => bare(what === 'database' ? one.id : one.dataSourceId) === bare(id));
  if (!found?.shared) throw missing(what, id);
  return found;
}

function userOf(state: NotionState, id: string) {
  const user = state.users.find((one) => bare(one.id) === bare(id));
  if (!user) throw missing('user', id);
  return userOnWire(user);
}

const pageOfList = ({ query: asked }: ProviderCall) => ({
  size: asked.get('page_size'),
  cursor: asked.get('start_cursor'),
});

function comments(state: NotionState, call: ProviderCall): ProviderAnswer {
  if (state.hidesComments)
    throw new NotionRefusalError(403, 'restricted_resource', 'Insufficient permissions for this endpoint.');
  const of = bare(call.query.get('block_id') ?? '');
  const page = state.pages.find((one) => bare(one.id) === of);
  const found = (page?.comments ?? []).map(({ by, text }) => page && commentOnWire(state, page, by, text));
  return listOf(
    'comment',
    found.flatMap((one) => one ?? []),
    pageOfList(call),
  );
}

function children(state: NotionState, id: string, call: ProviderCall): ProviderAnswer {
  const page = pageOf(state, id);
  return listOf(
    'block',
    page.paragraphs.map((paragraph, at) => blockOnWire(page, paragraph, at)),
    pageOfList(call),
  );
}

function pageOf(state: NotionState, id: string): NotionPage {
  const page = state.pages.find((one) => bare(one.id) === bare(id));
  if (!page) throw missing('page', id);
  return page;
}

const onWire = (state: NotionState, page: NotionPage) =>
  pageOnWire(state, sharedOf(state, 'data_source', page.dataSourceId), page);

function query(state: NotionState, database: NotionDatabase, { body = {} }: ProviderCall): ProviderAnswer {
  const pages = state.pages
    .filter((page) => page.dataSourceId === database.dataSourceId && page.inTrash === (body['in_trash'] === true))
    .filter((page) => passes(database, page, body['filter']));
  const found = sorted(pages, body['sorts']).map((page) => pageOnWire(state, database, page));
  return listOf('page_or_data_source', found, { size: body['page_size'], cursor: body['start_cursor'] });
}

function create(state: NotionState, call: ProviderCall): ProviderAnswer {
  const { parent, properties, children } = call.body ?? {};
  const source = isRecord(parent) ? parent['data_source_id'] : undefined;
  if (typeof source !== 'string')
    throw invalid('body failed validation: body.parent.data_source_id should be defined.');
  const database = sharedOf(state, 'data_source', source);
  const now = new Date();
  const page: NotionPage = {
    id: randomUUID(),
    dataSourceId: database.dataSourceId,
    createdBy: state.bot.id,
    createdAt: now,
    editedAt: now,
    inTrash: false,
    comments: [],
    paragraphs: (Array.isArray(children) ? children : []).map((child) => JSON.stringify(child)),
    values: valuesOf(state, database, properties),
  };
  state.pages.push(page);
  call.changed(`page.created ${page.id}`);
  return ok(onWire(state, page));
}

function update(state: NotionState, page: NotionPage, call: ProviderCall): ProviderAnswer {
  const { properties, in_trash: inTrash } = call.body ?? {};
  if (page.inTrash && properties !== undefined && inTrash !== false)
    throw invalid("Can't edit block that is archived. You must unarchive the block before editing.");
  if (properties !== undefined)
    Object.assign(page.values, valuesOf(state, sharedOf(state, 'data_source', page.dataSourceId), properties));
  if (typeof inTrash === 'boolean') page.inTrash = inTrash;
  page.editedAt = new Date();
  page.editedBy = state.bot.id;
  call.changed(`page.${inTrash === true ? 'trashed' : inTrash === false ? 'restored' : 'updated'} ${page.id}`);
  return ok(onWire(state, page));
}
