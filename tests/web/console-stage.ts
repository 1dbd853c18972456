import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { JobStatus } from '../../contracts/orchestration.ts';
import { openBrowser, openWindow, type Window } from './browser.ts';
import { openScriptedHouse, TOKEN, type ScriptedHouse } from './scripted-house.ts';

/** Builds the console once per file, and gives each test its own house and window; a complaint of the window fails it. */
export function consoleStage() {
  const webDir = mkdtempSync(join(tmpdir(), 'nubabel-web-'));
  let browser: Browser;
  let house: ScriptedHouse;
  let window: Window | undefined;
  beforeAll(async () => {
    buildConsole(webDir);
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser.close();
    rmSync(webDir, { recursive: true });
  });
  beforeEach(async () => {
    house = await openScriptedHouse(webDir);
  });
  afterEach(async () => {
    await window?.close();
    await house.close();
    expect(window?.complaints).toEqual([]);
  });
  return {
    /** Opens the console, signed in unless `token` is empty. */
    async open(path = '/', options: BrowserContextOptions = {}, token = TOKEN) {
      window = await openWindow(browser, options);
      await window.page.goto(`${house.url}${path}${token && `#token=${token}`}`);
      return { house, page: window.page, ...actions(window.page) };
    },
    /** The house before the console is opened. */
    house: () => house,
  };
}

const actions = (page: Page) => ({
  see: (words: string | RegExp) => page.getByText(words).first().waitFor(),
  press: (name: string | RegExp) => page.getByRole('button', { name }).click(),
  seeCard: (status: JobStatus['status']) => page.locator(`.card[data-status="${status}"]`).waitFor(),
});

function buildConsole(outDir: string): void {
  const vite = ['node_modules/vite/bin/vite.js', 'build', '--config', 'web/vite.config.ts', '--logLevel', 'error'];
  execFileSync(process.execPath, [...vite, '--outDir', outDir, '--emptyOutDir'], {
    stdio: 'inherit',
    env: { ...process.env, NODE_ENV: 'production' },
  });
}
