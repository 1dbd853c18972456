import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { consoleRoutes } from '../../api/routes/pages.ts';

let webDir: string;
beforeAll(() => {
  webDir = mkdtempSync(join(tmpdir(), 'nubabel-pages-'));
  writeFileSync(join(webDir, 'index.html'), '<title>The console</title>');
  mkdirSync(join(webDir, 'assets'));
  writeFileSync(join(webDir, 'assets', 'index-4f1c.js'), 'script');
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
