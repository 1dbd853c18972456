import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

/** A real Chromium that asks nobody for anything. */
export const openBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--no-first-run',
      '--disable-component-update',
      '--disable-sync',
    ],
  });

export interface Window {
  readonly page: Page;
  /** Everything that must stay empty: script errors, refused resources, dialogs. */
  readonly complaints: string[];
  readonly close: () => Promise<void>;
}

/** A fresh window that writes down what a user must never see. */
export async function openWindow(browser: Browser, options: BrowserContextOptions = {}): Promise<Window> {
  const context = await browser.newContext({
    locale: 'en-US',
    colorScheme: 'light',
    reducedMotion: 'reduce',
    ...options,
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('console', (message) => {
    if (/Content Security Policy|Warning:|hydrat/i.test(message.text())) complaints.push(message.text());
  });
  return { page, complaints, close: () => context.close() };
}
