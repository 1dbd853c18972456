import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connectDemoNotion } from '../../dev/demo-notion.ts';
import { listen, parseObject, readBody, sendJson, type ListeningServer } from '../../dev/fakes/http-server.ts';

interface Row {
  readonly id: string;
  readonly provider: string;
  readonly url?: string;
  readonly enabled?: boolean;
}

let api: ListeningServer;
let rows: Row[];
let asked: string[];
let dataDir: string;
let status: number;
beforeEach(async () => {
  [rows, asked, status] = [[], [], 200];
  dataDir = mkdtempSync(join(tmpdir(), 'demo-'));
  // The connections of one organization, as far as a start needs them.
  api = await listen(async (req, res) => {
    const body = parseObject((await readBody(req)) || '{}') ?? {};
    const { pathname } = new URL(req.url ?? '/', 'http://api');
    asked.push(`${req.method} ${pathname}`);
    if (status !== 200) return sendJson(res, status, { detail: 'There is one already.' });
    const id = pathname.split('/')[3];
    if (req.method === 'POST') rows.push({ id: `c${rows.length + 1}`, provider: String(body['provider']), ...body });
    if (req.method === 'PATCH') rows = rows.map((row) => (row.id === id ? { ...row, ...body } : row));
    sendJson(res, 200, req.method === 'GET' ? { connections: rows } : { id: rows.at(-1)?.id });
  });
});
afterEach(async () => {
  await api.close();
  rmSync(dataDir, { recursive: true });
});

const notion = { url: 'http://127.0.0.1:54333', token: 'ntn_demo' };
const start = (demo: typeof notion | undefined) =>
  connectDemoNotion({ apiUrl: api.url, token: 'admin', dataDir }, demo);
const writes = () => asked.filter((line) => !line.startsWith('GET'));

describe('a start with a demo Notion', () => {
  it('connects the organization to it once, however often it starts', async () => {
    expect([await start(notion), await start(notion), await start(notion)]).toEqual(Array(3).fill('connected'));
    expect(rows).toMatchObject([{ provider: 'notion', name: 'Demo Notion', url: notion.url }]);
    expect(writes()).toEqual(['POST /api/connections']);
  });

  it('leaves a Notion alone that somebody has connected', async () => {
    rows = [{ id: 'own', provider: 'notion' }];
    expect(await start(notion)).toBe('left alone');
    expect(writes()).toEqual([]);
  });

  it('does not bring back a connection that somebody has deleted', async () => {
    await start(notion);
    rows = [];
    expect(await start(notion)).toBe('left alone');
    expect(rows).toEqual([]);
  });

  it('follows it to another port', async () => {
    await start(notion);
    await start({ ...notion, url: 'http://127.0.0.1:54399' });
    expect(rows).toMatchObject([{ url: 'http://127.0.0.1:54399' }]);
  });

  it('switches the connection off while no demo runs, and on again after', async () => {
    await start(notion);
    expect(await start(undefined)).toBe('left alone');
    expect(await start(undefined)).toBe('left alone');
    expect(rows).toMatchObject([{ enabled: false }]);
    expect(writes()).toHaveLength(2);
    await start(notion);
    expect(rows).toMatchObject([{ enabled: true }]);
  });

  it('without a demo asks nothing of the API', async () => {
    expect(await start(undefined)).toBe('left alone');
    expect(asked).toEqual([]);
  });

  it('says what the API has refused', async () => {
    status = 409;
    await expect(start(notion)).rejects.toThrow('There is one already.');
  });
});
