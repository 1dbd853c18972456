import { expect, it } from '@jest/globals';
import { isTest, readSources } from './sources.ts';

const sources = readSources();
const EXPORT = /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|const|let|class|interface|type) (\w+)/gm;

/** Read by name: Temporal loads the first one by its file's path, and schemas of the API by their own. */
const BY_NAME = new Set(['failureConverter']);

/** Which files say a word, so that each export is looked up once. */
const users = new Map<string, Set<string>>();
for (const { path, text } of sources)
  for (const [word] of text.matchAll(/[A-Za-z_]\w*/g)) users.set(word, (users.get(word) ?? new Set()).add(path));

it('nothing is exported that no other file uses', () => {
  const idle = sources
    .filter((source) => !isTest(source) && !source.path.startsWith('db/migrations/'))
    .flatMap(({ path, text }) =>
      [...text.matchAll(EXPORT)]
        .map(([, name = '']) => name)
        .filter((name) => !BY_NAME.has(name) && (users.get(name)?.size ?? 0) < 2)
        .map((name) => `${path}: ${name}`),
    );
  expect(idle).toEqual([]);
});
