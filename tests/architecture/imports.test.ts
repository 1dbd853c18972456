import { describe, expect, it } from '@jest/globals';
import { isTest, readSources, roomOf, type Import, type Source } from './sources.ts';

const sources = readSources();
const product = sources.filter((source) => !isTest(source));

type Rule = (imported: Import, from: Source) => boolean;
const inside =
  (...folders: string[]): Rule =>
  ({ target }) =>
    folders.some((folder) => target === folder || target.startsWith(`${folder}/`));
const oneOf =
  (...names: (string | RegExp)[]): Rule =>
  ({ target }) =>
    names.some((name) => (typeof name === 'string' ? target === name : name.test(target)));
const typesOf =
  (rule: Rule): Rule =>
  (imported, from) =>
    imported.typeOnly && rule(imported, from);
const inMain =
  (rule: Rule): Rule =>
  (imported, from) =>
    from.path.endsWith('/main.ts') && rule(imported, from);
const NODE = oneOf(/^node:/);

/** What each room may import; everything else is a hole in a wall. */
const FENCE: Readonly<Record<string, readonly Rule[]>> = {
  contracts: [inside('contracts'), oneOf('zod', '@temporalio/common')],
  workflows: [inside('workflows', 'contracts'), typesOf(oneOf('activities/index.ts')), oneOf('@temporalio/workflow')],
  activities: [
    inside('activities', 'contracts', 'db', 'mcp', 'skills'),
    oneOf('@marcbachmann/cel-js'),
    oneOf(
      '@temporalio/activity',
      '@temporalio/common',
      '@anthropic-ai/sdk',
      '@anthropic-ai/sdk/core/streaming',
      '@slack/web-api',
      'zod',
    ),
    oneOf('node:crypto', 'node:fs', 'node:timers/promises'),
    typesOf(oneOf('kysely')),
  ],
  db: [inside('db', 'contracts'), oneOf('kysely', 'pg', 'node:crypto'), inMain(oneOf('config.ts'))],
  api: [
    inside('api', 'contracts', 'db', 'routing', 'mcp', 'skills'),
    oneOf('workflows/messages.ts', 'logging.ts', 'slack-client.ts'),
    typesOf(inside('workflows')),
    oneOf(/^(@hono|hono)\b/, /^@slack\//, '@temporalio/client', '@temporalio/common', 'zod', 'kysely', 'pg'),
    oneOf(/^@modelcontextprotocol\/sdk\//),
    oneOf(/^@modelcontextprotocol\/sdk\//),
    NODE,
    inMain(oneOf('config.ts')),
  ],
  workers: [
    inside('workers', 'activities', 'contracts', 'db', 'agents', 'routing', 'mcp', 'skills'),
    oneOf('logging.ts', 'slack-client.ts', /^@temporalio\//, 'kysely'),
    NODE,
    inMain(oneOf('config.ts')),
    typesOf(oneOf('config.ts')),
  ],
  mcp: [
    inside('mcp', 'contracts', 'db'),
    oneOf(/^@modelcontextprotocol\/sdk\//, 'zod', 'undici', 'ipaddr.js'),
    oneOf('@notionhq/client', '@linear/sdk', 'octokit', 'jsforce', '@slack/web-api'),
    typesOf(oneOf('kysely')),
    NODE,
  ],
  skills: [inside('skills', 'contracts'), oneOf('yaml', 'zod'), NODE],
  routing: [inside('routing', 'contracts'), NODE],
  agents: [inside('agents', 'contracts'), oneOf('yaml', 'zod'), NODE],
  web: [
    inside('web'),
    typesOf(inside('contracts')),
    oneOf('contracts/agents.ts', 'contracts/limits.ts', 'contracts/orchestration.ts', 'contracts/phases.ts'),
    oneOf(/^(react|react-dom|react-markdown|remark-gfm|@tanstack\/|@vitejs\/|vite|eventsource-parser)\b/),
  ],
};

const holes = (room: string): string[] =>
  sources
    .filter(({ path }) => roomOf(path) === room)
    .flatMap((from) =>
      from.imports
        .filter((imported) => !FENCE[room]?.some((rule) => rule(imported, from)))
        .map(({ target, typeOnly }) => `${from.path} → ${typeOnly ? 'type ' : ''}${target}`),
    );

/** Everything that a file brings along at run time. */
function closureOf(path: string, seen = new Set<string>()): Set<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  const source = sources.find((one) => one.path === path);
  for (const { target, typeOnly } of source?.imports ?? []) if (!typeOnly) closureOf(target, seen);
  return seen;
}

describe('the fence', () => {
  it.each(Object.keys(FENCE))('of %s has no hole', (room) => {
    expect(holes(room)).toEqual([]);
  });

  it('sees the imports it judges', () => {
    const count = (path: string) => sources.find((source) => source.path === path)?.imports.length;
    expect(count('workers/main.ts')).toBeGreaterThanOrEqual(10);
    expect(count('db/queries/budget.ts')).toBeGreaterThanOrEqual(3);
    const proxies = sources.find(({ path }) => path === 'workflows/proxies.ts');
    expect(proxies?.imports).toContainEqual({ target: 'activities/index.ts', typeOnly: true });
    expect(product.filter(({ imports }) => imports.length > 0).length).toBeGreaterThan(100);
  });

  it('keeps everything heavy out of the workflow sandbox, also what comes with something else', () => {
    const brought = [...closureOf('workflows/index.ts')].filter((target) => !/^(workflows|contracts)\//.test(target));
    expect(brought.sort()).toEqual(['@temporalio/common', '@temporalio/workflow']);
  });

  it('lets a migration know kysely alone, so that it is frozen in time', () => {
    const migrations = sources.filter(({ path }) => path.startsWith('db/migrations/') && !path.endsWith('/index.ts'));
    const others = migrations.flatMap(({ imports }) =>
      imports.filter(({ target }) => target !== 'kysely' && !target.startsWith('db/migrations/')),
    );
    expect(migrations.length).toBeGreaterThan(0);
    expect(others).toEqual([]);
  });

  it('lets nobody build on the development tools, the workers or the tests', () => {
    const builders = product
      .filter(({ path }) => !/^(dev|scripts)\//.test(path))
      .flatMap((from) => from.imports.map(({ target }) => ({ from: from.path, target })))
      .filter(
        ({ from, target }) =>
          /^(dev|tests|scripts)\//.test(target) || (target.startsWith('workers/') && !from.startsWith('workers/')),
      );
    expect(builders).toEqual([]);
  });

  it('has no circle of files', () => {
    const circles: string[] = [];
    const done = new Set<string>();
    const visit = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) return void circles.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
      if (done.has(path)) return;
      const source = product.find((one) => one.path === path);
      for (const { target, typeOnly } of source?.imports ?? []) if (!typeOnly) visit(target, [...trail, path]);
      done.add(path);
    };
    product.forEach(({ path }) => visit(path, []));
    expect(circles).toEqual([]);
  });

  it('ends every import of our own in a file that is there', () => {
    const paths = new Set(sources.map(({ path }) => path));
    const lost = sources.flatMap(({ path, imports }) =>
      imports
        .filter(({ target }) => /\.(ts|tsx)$/.test(target) && !paths.has(target))
        .map(({ target }) => `${path} → ${target}`),
    );
    expect(lost).toEqual([]);
  });
});

describe('the environment', () => {
  it('is read in config.ts, by what starts things on one machine, and by tests', () => {
    const readers = product.filter(({ text }) => /process\.env\b/.test(text)).map(({ path }) => path);
    expect(readers.filter((path) => path !== 'config.ts' && !/^(dev|scripts)\//.test(path))).toEqual([]);
  });

  it('reaches the product through the main files alone', () => {
    const readers = product
      .filter(({ imports }) => imports.some(({ target, typeOnly }) => target === 'config.ts' && !typeOnly))
      .map(({ path }) => path);
    expect(readers.filter((path) => !/(^|\/)main\.ts$|^dev\/start\.ts$|^scripts\//.test(path))).toEqual([]);
  });
});
