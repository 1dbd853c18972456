import { randomBytes } from 'node:crypto';
import { expect } from '@jest/globals';
import type { ConnectionTools, ConnectionView } from '../../contracts/connections.ts';
import { createFakeMcp, type FakeMcp } from '../fakes/mcp/index.ts';
import { json } from './doors.ts';
import type { Person } from './people.ts';

/** Must be seen nowhere but at the server that it is for. */
export const SECRET = 'sk-planted-2f81c0';
export const CONNECTIONS = '/api/connections';
export const WIKI_TOOLS = [
  { name: 'search', description: 'Finds pages.', annotations: { readOnlyHint: true } },
  { name: 'createPage', description: 'Creates a page.', inputSchema: { type: 'object', required: ['title'] } },
];

export const openWiki = (): Promise<FakeMcp> => createFakeMcp({ tools: WIKI_TOOLS, authorization: `Bearer ${SECRET}` });

export type Asker = Pick<Person, 'request'>;

/** What an answer says, which is never the secret. */
export async function read<T>(response: Response, status = 200): Promise<T> {
  const text = await response.text();
  expect({ status: response.status, text }).toMatchObject({ status });
  expect(text).not.toContain(SECRET);
  return JSON.parse(text) as T;
}

/** A new connection under a name that no other has. */
export const newWiki = ({ url }: Pick<FakeMcp, 'url'>, more: Record<string, unknown> = {}) => ({
  provider: `wiki${randomBytes(4).toString('hex')}`,
  name: 'Wiki',
  url,
  auth: { kind: 'api_key', apiKey: SECRET },
  ...more,
});

export const post = (by: Asker, path: string, body?: unknown): Promise<Response> =>
  by.request(path, body === undefined ? { method: 'POST' } : json(body));
export const patch = (by: Asker, id: string, body: unknown): Promise<Response> =>
  by.request(`${CONNECTIONS}/${id}`, { ...json(body), method: 'PATCH' });
export const connect = async (by: Asker, server: Pick<FakeMcp, 'url'>, more?: Record<string, unknown>) =>
  read<ConnectionView>(await post(by, CONNECTIONS, newWiki(server, more)), 201);
export const toolsOf = async (by: Asker, id: string, query = '') =>
  read<ConnectionTools>(await by.request(`${CONNECTIONS}/${id}/tools${query}`));
