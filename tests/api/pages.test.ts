import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';
import { join } from 'node:path';
import { Hono } from 'hono';
import type { ApiEnv } from '../../api/deps.ts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { consoleRoutes, missingPage } from '../../api/routes/pages.ts';

let webDir: string;
beforeAll(() => {
  webDir = mkdtempSync(join(tmpdir(), 'nubabel-pages-'));
  writeFileSync(join(webDir, 'index.html'), '<title>The console</title>');
  mkdirSync(join(webDir, 'assets'));
  writeFileSync(join(webDir, 'assets', 'index-4f1c.js'), 'script');
  writeFileSync(join(webDir, 'assets', 'index-4f1c.js.br'), brotliCompressSync('script'));
  writeFileSync(join(webDir, 'secret.txt'), 'not a page');
});
afterAll(() => rmSync(webDir, { recursive: true }));

describe('the console', () => {
  it.each(['/', '/?job=1', '/connections', '/connections/7cd9618f-0818-4ee8-bc32-9ad64aea8ed6'])(
    'is one page at %s, which is always asked for anew',
    async (path) => {
      const answer = await consoleRoutes({ webDir }).request(path);
      expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-cache']);
      expect(await answer.text()).toContain('The console');
    },
  );

  it('sends scripts compressed to whoever takes that', async () => {
    const answer = await consoleRoutes({ webDir }).request('/assets/index-4f1c.js', {
      headers: { 'accept-encoding': 'gzip, br' },
    });
    expect([answer.status, answer.headers.get('content-encoding')]).toEqual([200, 'br']);
    expect(brotliDecompressSync(Buffer.from(await answer.arrayBuffer())).toString()).toBe('script');
    expect(answer.headers.get('content-type')).toMatch(/^text\/javascript/);
    expect(answer.headers.get('vary')).toMatch(/accept-encoding/i);
  });

  it('keeps what carries a hash in its name, and nothing that is not there', async () => {
    const asset = await consoleRoutes({ webDir }).request('/assets/index-4f1c.js');
    expect([asset.status, asset.headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable']);
    const missing = await consoleRoutes({ webDir }).request('/assets/index-0000.js');
    expect([missing.status, missing.headers.get('cache-control')]).toEqual([404, null]);
  });

  it.each(['/secret.txt', '/connections/a/b', '/connections/../secret.txt', '/connections/%2e%2e%2fsecret.txt/x'])(
    'is not at %s, and nothing else of its folder is told',
    async (path) => {
      const answer = await consoleRoutes({ webDir }).request(path);
      expect(answer.status).toBe(404);
      expect(await answer.text()).not.toContain('not a page');
    },
  );
});

describe('an address that names nothing', () => {
  const app = new Hono<ApiEnv>().notFound(
    async (c) => (await missingPage(c, webDir)) ?? c.json({ title: 'none' }, 404),
  );
  const asked = (path: string, accept: string, method = 'GET') => app.request(path, { method, headers: { accept } });

  it.each(['/nowhere', '/connections/a/b', '/jobs/7', '/apis'])('%s is a page for a browser', async (path) => {
    const answer = await asked(path, 'text/html,application/xhtml+xml,*/*;q=0.8');
    expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'text/html; charset=UTF-8']);
    expect(await answer.text()).toContain('The console');
  });

  it.each([
    ['/nowhere', 'application/json', 'GET'],
    ['/nowhere', '*/*', 'GET'],
    ['/nowhere', 'text/html', 'POST'],
    ['/api/nowhere', 'text/html', 'GET'],
    ['/mcp/nowhere', 'text/html', 'GET'],
    ['/assets/old.js', 'text/html', 'GET'],
  ])('%s is a problem for %s by %s', async (path, accept, method) => {
    expect((await asked(path, accept, method)).headers.get('content-type')).toContain('json');
  });
});
