import { randomUUID } from 'node:crypto';
import { serveProvider } from '../provider/provider-fake.ts';
import type { ProviderFake, ProviderFakeOptions } from '../provider/types.ts';
import { notionRules } from './routes.ts';
import type { NotionPage } from './state.ts';
import { demoWorkspace, NOTION } from './world.ts';

export type { NotionPage, NotionValue } from './state.ts';
export { NOTION } from './world.ts';

export interface FakeNotionOptions extends ProviderFakeOptions {
  readonly token?: string;
}

export interface FakeNotion extends ProviderFake {
  readonly token: string;
  readonly pages: readonly NotionPage[];
  /** A task that somebody else has made, in the database `Tasks`. */
  seed(page: { readonly title: string } & Partial<NotionPage>): NotionPage;
}

/** Starts a server that speaks Notion's API (2025-09-03 and newer) about databases, data sources, pages and people. */
export async function createFakeNotion(options: FakeNotionOptions = {}): Promise<FakeNotion> {
  const state = demoWorkspace(options.token ?? 'ntn_demo');
  const server = await serveProvider(notionRules(state), options);
  return {
    ...server,
    token: state.token,
    pages: state.pages,
    seed({ title, ...given }) {
      const page: NotionPage = {
        id: randomUUID(),
        dataSourceId: NOTION.tasksSource,
        createdBy: NOTION.ada,
        createdAt: new Date(),
        editedAt: new Date(),
        inTrash: false,
        paragraphs: [],
        values: { 'Task name': [{ content: title }] },
        ...given,
      };
      state.pages.push(page);
      return page;
    },
  };
}
