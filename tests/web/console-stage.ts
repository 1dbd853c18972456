import { afterAll, afterEach, beforeAll, beforeEach, expect } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { JobStatus } from '../../contracts/orchestration.ts';
import { testServers } from '../support/database.ts';
import { openBrowser, openWindow, type Window } from './browser.ts';
import { openScriptedNubabel, TOKEN, type ScriptedNubabel } from './scripted-nubabel.ts';

/** Has the console built once per run, and gives each test its own product and window; a complaint of the window fails it. */
export function consoleStage() {
  let webDir: string;
  let browser: Browser;
  let nubabel: ScriptedNubabel;
  let window: Window | undefined;
  beforeAll(async () => {
    webDir = await builtConsole();
    browser = await openBrowser();
  });
  afterAll(() => browser?.close());
  beforeEach(async () => {
    nubabel = await openScriptedNubabel(webDir);
  });
  afterEach(async () => {
    await window?.close();
    await nubabel.close();
    expect(window?.complaints).toEqual([]);
  });
  return {
    /** Opens the console, signed in unless `token` is empty. */
    async open(path = '/', options: BrowserContextOptions = {}, token = TOKEN) {
      window = await openWindow(browser, options);
      await window.page.goto(`${nubabel.url}${path}${token && `#token=${token}`}`);
      return { nubabel, page: window.page, ...actions(window.page) };
    },
    /** The product before the console is opened. */
    nubabel: () => nubabel,
  };
}

const actions = (page: Page) => ({
  see: (words: string | RegExp) => page.getByText(words).first().waitFor(),
  press: (name: string | RegExp) => page.getByRole('button', { name }).click(),
  seeCard: (status: JobStatus['status']) => page.locator(`.card[data-status="${status}"]`).waitFor(),
});

async function builtConsole(): Promise<string> {
  const answer = await fetch(`${testServers().sharedHousesUrl}/console`, { method: 'POST' });
  if (!answer.ok) throw new Error(`The console could not be built: ${await answer.text()}`);
  return ((await answer.json()) as { path: string }).path;
}
