import { randomUUID } from 'node:crypto';
import { serveProvider } from '../provider/provider-fake.ts';
import type { ProviderFake, ProviderFakeOptions, ProviderRules } from '../provider/types.ts';
import { readPages, writePages } from './kept.ts';
import { createPages } from './page.ts';
import { notionRules } from './routes.ts';
import type { NotionPage } from './state.ts';
import { demoWorkspace, NOTION } from './world.ts';

export type { NotionPage, NotionValue } from './state.ts';
export { NOTION } from './world.ts';

export interface FakeNotionOptions extends ProviderFakeOptions {
  readonly token?: string;
  /** The integration has not got the capability to read comments. */
  readonly hidesComments?: boolean;
  /** Shows people the tasks at `/`, and makes links lead there instead of to notion.so. */
  readonly people?: boolean;
  /** Keeps the pages from one process to the next. */
  readonly keptIn?: string | undefined;
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
  state.hidesComments = options.hidesComments ?? false;
  const { keptIn } = options;
  if (keptIn) readPages(state, keptIn);
  const rules = keptIn ? keeping(notionRules(state), () => writePages(state, keptIn)) : notionRules(state);
  const server = await serveProvider(rules, { ...options, ...(options.people && { page: createPages(state) }) });
  if (options.people) state.site = server.url;
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

/** The same rules; what a call has changed is on file before its answer leaves. */
const keeping = (rules: ProviderRules, keep: () => void): ProviderRules => ({
  ...rules,
  handle(call) {
    let hasChanged = false;
    const changed = (what: string) => {
      hasChanged = true;
      call.changed(what);
    };
    const answer = rules.handle({ ...call, changed });
    if (hasChanged) keep();
    return answer;
  },
});
