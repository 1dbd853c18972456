import { readFileSync } from 'node:fs';
import { sendJson, type Handler } from '../http-server.ts';
import { linkTo } from './to-wire.ts';
import type { NotionPage, NotionState, NotionValue } from './state.ts';

const HTML = readFileSync(new URL('./page.html', import.meta.url), 'utf8');

// The page's own script and style only: a task cannot bring code along, whatever it says.
const CONTENT_POLICY =
  "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'";

/** What people see of the demo: every shared database with its tasks, also under the address of a single one. */
export const createPages =
  (state: NotionState) =>
  (path: string): Handler | undefined => {
    if (path === '/health') return async (_req, res) => sendJson(res, 200, { ok: true });
    if (path === '/_page/databases') return async (_req, res) => sendJson(res, 200, databasesOf(state));
    if (path !== '/' && !/^\/[0-9a-f]{32}$/.test(path)) return undefined;
    return async (_req, res) => {
      res.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': CONTENT_POLICY });
      res.end(HTML);
    };
  };

const databasesOf = (state: NotionState) =>
  state.databases
    .filter(({ shared }) => shared)
    .map(({ id, title, properties, dataSourceId }) => ({
      id,
      title,
      columns: Object.keys(properties),
      tasks: state.pages
        .filter((page) => page.dataSourceId === dataSourceId)
        .map((page) => taskOf(state, page, Object.keys(properties)))
        .toReversed(),
    }));

const taskOf = (state: NotionState, page: NotionPage, columns: readonly string[]) => ({
  id: page.id.replaceAll('-', ''),
  path: new URL(linkTo(state, page.id)).pathname,
  inTrash: page.inTrash,
  createdBy: nameOf(state, page.createdBy),
  createdAt: page.createdAt.toISOString(),
  editedAt: page.editedAt.toISOString(),
  cells: columns.map((name) => shown(state, page.values[name])),
  text: page.paragraphs.flatMap((paragraph) => contentsIn(JSON.parse(paragraph))).join('\n'),
});

const nameOf = ({ users }: NotionState, id: string): string => users.find((user) => user.id === id)?.name ?? id;

function shown(state: NotionState, value: NotionValue | undefined): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'number') return String(value);
  if ('people' in value) return value.people.map((id) => nameOf(state, id)).join(', ');
  if ('name' in value) return value.name;
  if ('start' in value) return value.end ? `${value.start} – ${value.end}` : value.start;
  return value.map(({ content }) => content).join('');
}

/** The texts of a block, wherever in it they stand. */
function contentsIn(block: unknown): string[] {
  if (typeof block !== 'object' || block === null) return [];
  return Object.entries(block).flatMap(([name, value]) =>
    name === 'content' && typeof value === 'string' ? [value] : contentsIn(value),
  );
}
