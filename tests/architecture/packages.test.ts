import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSources, ROOT, roomOf, type Source } from './sources.ts';

interface Manifest {
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
}
interface Lock {
  readonly packages: Record<string, { readonly version?: string; readonly dev?: boolean }>;
}
const readJson = (name: string): unknown => JSON.parse(readFileSync(join(ROOT, name), 'utf8'));
const manifest = readJson('package.json') as Manifest;
const lock = readJson('package-lock.json') as Lock;
const all = { ...manifest.dependencies, ...manifest.devDependencies };

/** Every installed copy of a package, also those inside of others. */
const copiesOf = (name: string): string[] =>
  Object.entries(lock.packages)
    .filter(([path]) => path === `node_modules/${name}` || path.endsWith(`/node_modules/${name}`))
    .map(([, { version }]) => version ?? '');

function isAtLeast(version: string, least: string): boolean {
  const [a, b] = [version, least].map((text) => text.split('.').map(Number));
  for (let i = 0; i < 3; i++) if ((a?.[i] ?? 0) !== (b?.[i] ?? 0)) return (a?.[i] ?? 0) > (b?.[i] ?? 0);
  return true;
}

describe('the packages', () => {
  it('are pinned to one exact version each, and installed so', () => {
    const loose = Object.entries(all).filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version));
    expect(loose).toEqual([]);
    for (const [name, version] of Object.entries(all))
      expect([name, copiesOf(name)]).toEqual([name, expect.arrayContaining([version])]);
  });

  it('of Temporal are all one version, in one copy each', () => {
    const names = new Set(
      Object.keys(lock.packages).flatMap((path) => /node_modules\/(@temporalio\/[\w-]+)$/.exec(path)?.[1] ?? []),
    );
    expect(names.size).toBeGreaterThanOrEqual(8);
    const versions = [...names].flatMap(copiesOf);
    expect(versions).toHaveLength(names.size);
    expect(new Set(versions)).toEqual(new Set([all['@temporalio/workflow']]));
  });

  it('of Temporal share one copy of protobufjs, without which no history can be read from a file', () => {
    const nested = Object.keys(lock.packages).filter((path) =>
      /@temporalio\/[\w-]+\/node_modules\/protobufjs$/.test(path),
    );
    expect(nested).toEqual([]);
  });

  it.each([
    ['hono', '4.12.18'],
    ['@modelcontextprotocol/sdk', '1.26.0'],
  ])('%s is %s or newer, for what was found in older ones', (name, least) => {
    const copies = copiesOf(name);
    expect(copies.length).toBeGreaterThan(0);
    expect(copies.filter((version) => !isAtLeast(version, least))).toEqual([]);
    expect(isAtLeast('4.12.17', '4.12.18')).toBe(false);
  });

  it('that the product imports are its dependencies, not only the developers’', () => {
    const used = packagesOf(readSources().filter(({ path }) => !DEVELOPMENT.includes(roomOf(path))));
    expect([...used].filter((name) => !(name in manifest.dependencies))).toEqual([]);
  });

  it('are all in use: imported somewhere, or one of the tools that are run', () => {
    const imported = packagesOf(readSources(), 'types too');
    const named = readSources()
      .filter(({ path }) => !path.startsWith('tests/architecture/'))
      .map(({ text }) => text);
    const isNamed = (name: string) => named.some((text) => text.includes(`'${name}`) || text.includes(`/${name}/`));
    const idle = Object.keys(all).filter((name) => !imported.has(name) && !RUN.has(name) && !isNamed(name));
    expect(idle.filter((name) => !isTypesOfUsed(name, imported))).toEqual([]);
    for (const name of RUN) expect(all).toHaveProperty([name]);
  });
});

/** Rooms that only developers run, or whose code is built before anybody runs it. */
const DEVELOPMENT = ['web', 'dev', 'scripts', 'tests'];

/** What no file of ours imports: run by name, by another program's configuration, or here as the peer of a package. */
const RUN = new Set([
  'node',
  'typescript',
  'prettier',
  'oxlint',
  'oxlint-tsgolint',
  'jest',
  '@swc/core',
  '@swc/jest',
  'protobufjs',
  '@modelcontextprotocol/conformance',
]);

const isTypesOfUsed = (name: string, used: ReadonlySet<string>): boolean =>
  name === '@types/node' || (name.startsWith('@types/') && used.has(name.slice('@types/'.length)));

/** The packages that these sources import. */
function packagesOf(sources: readonly Source[], which: 'values' | 'types too' = 'values'): Set<string> {
  const targets = sources
    .flatMap(({ imports }) => imports)
    .filter(({ target, typeOnly }) => (which === 'types too' || !typeOnly) && !/^node:|\.(tsx?|mjs|css)$/.test(target));
  return new Set(
    targets.map(({ target }) =>
      target
        .split('/')
        .slice(0, target.startsWith('@') ? 2 : 1)
        .join('/'),
    ),
  );
}
