import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { NotionPage, NotionState } from './state.ts';

/** Puts back the pages that a file holds; one that is not there holds none. */
export function readPages(state: NotionState, file: string): void {
  for (const page of pagesIn(file)) {
    state.pages.push({ ...page, createdAt: new Date(page.createdAt), editedAt: new Date(page.editedAt) });
    const properties = state.databases.find(({ dataSourceId }) => dataSourceId === page.dataSourceId)?.properties;
    for (const [name, value] of Object.entries(page.values)) {
      const options = properties?.[name]?.options;
      if (options && value && typeof value === 'object' && 'name' in value && !options.includes(value.name))
        options.push(value.name);
    }
  }
}

function pagesIn(file: string): NotionPage[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as NotionPage[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Keeps all pages; a crash midway leaves what was kept before. */
export function writePages({ pages }: NotionState, file: string): void {
  writeFileSync(`${file}.new`, JSON.stringify(pages), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
