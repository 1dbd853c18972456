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

/** The SDKs of the outside, which only adapters know. */
const SDKS = oneOf(
  /^@anthropic-ai\/sdk\b/,
  /^@modelcontextprotocol\/sdk\//,
  /^@slack\//,
  '@notionhq/client',
  '@linear/sdk',
  'octokit',
  'jsforce',
  'undici',
  'ipaddr.js',
  /^ajv\b/,
  '@temporalio/client',
  '@temporalio/common',
  '@temporalio/proto',
);
const PORTS = oneOf(/^domain\/(.*\/)?([\w-]+-)?ports?\.ts$/);

/** What each room may import, types included; everything else is a hole in a wall. */
const FENCE: Readonly<Record<string, readonly Rule[]>> = {
  contracts: [inside('contracts'), oneOf('zod', '@temporalio/common')],
  workflows: [inside('workflows', 'contracts'), typesOf(oneOf('activities/index.ts')), oneOf('@temporalio/workflow')],
  domain: [
    inside('domain', 'contracts', 'db'),
    oneOf('zod', 'yaml', '@marcbachmann/cel-js', 'canonicalize', 'chrono-node/en'),
    typesOf(oneOf('kysely')),
    NODE,
  ],
  adapters: [
    inside('adapters', 'contracts'),
    typesOf(inside('domain')),
    PORTS,
    SDKS,
    oneOf('zod', 'workflows/messages.ts'),
    typesOf(inside('workflows')),
    NODE,
  ],
  activities: [
    inside('activities', 'contracts', 'domain'),
    typesOf(inside('adapters')),
    oneOf('@temporalio/activity', '@temporalio/common'),
    oneOf('node:timers/promises'),
    typesOf(oneOf('kysely')),
  ],
  db: [
    inside('db', 'contracts'),
    oneOf('kysely', 'kysely/helpers/postgres', 'pg', 'node:crypto'),
    inMain(oneOf('config.ts', 'node:fs', 'node:path')),
  ],
  api: [
    inside('api', 'contracts', 'domain'),
    oneOf('logging.ts'),
    typesOf(inside('adapters')),
    inMain(inside('adapters', 'db')),
    oneOf(/^(@hono|hono)\b/, '@slack/bolt', '@slack/socket-mode', 'zod'),
    typesOf(oneOf('@slack/web-api')),
    // The server side of the protocol at /mcp.
    oneOf(/^@modelcontextprotocol\/sdk\/(server|types|shared)/),
    inMain(oneOf('@temporalio/client', 'config.ts')),
    NODE,
  ],
  workers: [
    inside('workers', 'activities', 'contracts', 'db', 'domain', 'adapters'),
    oneOf('logging.ts', /^@temporalio\//, 'kysely'),
    NODE,
    inMain(oneOf('config.ts')),
    typesOf(oneOf('config.ts')),
  ],
  // What starts things on one machine, and what people run by hand: no part of the product, and it builds on neither.
  dev: [
    inside('dev', 'contracts'),
    oneOf('config.ts', 'db/prepare.ts', 'workers/bundle.ts'),
    oneOf(
      /^ajv\b/,
      '@temporalio/client',
      '@temporalio/envconfig',
      'execa',
      'graphql',
      'pg',
      'undici',
      'vite',
      'ws',
      'zod',
    ),
    NODE,
  ],
  scripts: [
    inside('scripts', 'contracts', 'db', 'dev', 'domain', 'workers'),
    // The command line follows a job as the console does.
    inside('web/api', 'web/job', 'web/text'),
    oneOf('config.ts', '@temporalio/client', '@temporalio/worker', 'zod'),
    NODE,
  ],
  'front door': [oneOf('@temporalio/envconfig', 'pino', 'zod')],
  tools: [inside('tools', 'domain/routing', 'contracts'), oneOf('domain/planning/decide-planning.ts'), NODE],
  web: [
    inside('web'),
    typesOf(inside('contracts', 'api')),
    oneOf('contracts/agents.ts', 'contracts/limits.ts', 'contracts/orchestration.ts', 'contracts/phases.ts'),
    // What nobody would see, words of ours and what a tool may do are told by the same rules at every face.
    oneOf('contracts/clean-text.ts', 'contracts/answer-words.ts', 'contracts/approval-rules.ts'),
    oneOf(/^contracts\/texts\/(en|ko)\/console\.ts$/),
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

  it('loads what is big and seldom needed only when it is needed', () => {
    const atStart = product.filter(({ text }) => /^import (?!type )[^;]*from '(?:@linear\/sdk|jsforce)'/m.test(text));
    expect(atStart.map(({ path }) => path)).toEqual([]);
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

  it('has no circle of files, types included', () => {
    const circles: string[] = [];
    const done = new Set<string>();
    const visit = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) return void circles.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
      if (done.has(path)) return;
      const source = product.find((one) => one.path === path);
      for (const { target } of source?.imports ?? []) visit(target, [...trail, path]);
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
    expect(readers.filter((path) => !/(^|\/)main\.ts$|^dev\/(start|reset)\.ts$|^scripts\//.test(path))).toEqual([]);
  });
});
