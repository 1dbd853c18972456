import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { StartError } from '../../dev/start-error.ts';
import { buildTemporalCli, isOlder } from '../../dev/temporal/build.ts';
import { ensureTemporalCli } from '../../dev/temporal/cli.ts';
import { program, scratch } from './scratch.ts';

const WORKS = 'echo "temporal version 9.9.9"';
const BROKEN = 'exit 3';

/** A Go whose build writes a working CLI to the path after -o and notes that it ran. */
const fakeGo = (notes: string, version = '1.26.8') => `
if [ "$1" = version ]; then echo "go version go${version} linux/amd64"; exit 0; fi
echo built >> ${notes}
while [ "$1" != -o ]; do shift; done
printf '#!/bin/sh\\n${WORKS}\\n' > "$2"; /bin/chmod +x "$2"`;

function machine() {
  const root = scratch();
  const said: string[] = [];
  const search = {
    cacheDir: join(root, 'cache'),
    env: { PATH: join(root, 'bin') },
    print: (line: string) => said.push(line),
  };
  const cached = join(root, 'cache', 'temporal-1.8.2', 'temporal');
  return { root, said, search, cached, onPath: join(root, 'bin', 'temporal'), go: join(root, 'bin', 'go') };
}

const problemOf = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(StartError);
  return (error as StartError).message;
};

describe('finding the Temporal CLI', () => {
  it('takes the named one before PATH, PATH before the cache, the cache before a build', async () => {
    const { root, search, cached, onPath, go } = machine();
    const named = program(join(root, 'mine', 'temporal'), WORKS);
    program(onPath, WORKS);
    program(cached, WORKS);
    program(go, fakeGo(join(root, 'notes')));
    await expect(ensureTemporalCli({ ...search, cliPath: named })).resolves.toBe(named);
    await expect(ensureTemporalCli(search)).resolves.toBe(onPath);
    program(onPath, BROKEN);
    await expect(ensureTemporalCli(search)).resolves.toBe(cached);
    expect(existsSync(join(root, 'notes'))).toBe(false);
  });

  it('says so when the named one does not run, instead of taking another', async () => {
    const { search, onPath } = machine();
    program(onPath, WORKS);
    expect(await problemOf(ensureTemporalCli({ ...search, cliPath: '/nowhere/temporal' }))).toBe(
      'TEMPORAL_CLI names /nowhere/temporal, which does not run as a Temporal CLI (ENOENT).',
    );
  });

  it('builds a broken cached one again, and says why', async () => {
    const { root, search, cached, go, said } = machine();
    program(cached, BROKEN);
    program(go, fakeGo(join(root, 'notes')));
    await expect(ensureTemporalCli(search)).resolves.toBe(cached);
    expect(said[0]).toContain(`${cached} does not run`);
    expect(readFileSync(cached, 'utf8')).toContain('9.9.9');
    expect(readdirSync(join(cached, '..'))).toEqual(['temporal']);
  });

  it('builds once when two starts want it at the same time', async () => {
    const { root, search, cached, go } = machine();
    program(go, fakeGo(join(root, 'notes')));
    await expect(Promise.all([ensureTemporalCli(search), ensureTemporalCli(search)])).resolves.toEqual([
      cached,
      cached,
    ]);
    expect(readFileSync(join(root, 'notes'), 'utf8')).toBe('built\n');
  });
});

describe('building the Temporal CLI', () => {
  it('asks for Go when there is none, and for a newer one when it is old', async () => {
    const { search, go, root } = machine();
    expect(await problemOf(ensureTemporalCli(search))).toMatch(/no Go to build one: install Go 1\.26\.4 or newer/);
    program(go, fakeGo(join(root, 'notes'), '1.19.3'));
    expect(await problemOf(ensureTemporalCli(search))).toContain(`${go} is Go 1.19.3`);
    program(go, 'echo "go: download go1.26.4 for linux/amd64: no network" >&2; exit 1');
    expect(await problemOf(ensureTemporalCli(search))).toContain('could not fetch a newer one (go: download go1.26.4');
  });

  it('shows what Go said when a build fails, and leaves nothing behind', async () => {
    const { search, go, cached } = machine();
    program(
      go,
      'if [ "$1" = version ]; then echo "go version go1.27.0 x/y"; else echo "no space left" >&2; exit 1; fi',
    );
    expect(await problemOf(ensureTemporalCli(search))).toMatch(/failed \(exit code 1\)[\s\S]*no space left/);
    expect(readdirSync(join(cached, '..'))).toEqual([]);
  });

  it('gives a sign of life while it builds', async () => {
    const { root, search, cached, go, said } = machine();
    program(
      go,
      `if [ "$1" = version ]; then echo "go version go1.27.0 x/y"; exit 0; fi
until [ -e ${root}/go-on ]; do /bin/sleep 0.02; done; ${fakeGo(join(root, 'notes'))}`,
    );
    const print = (line: string) => {
      said.push(line);
      if (line.includes('still building')) program(join(root, 'go-on'), '');
    };
    await buildTemporalCli({
      ...search,
      print,
      target: cached,
      heartbeatMs: 20,
      isGood: async () => existsSync(cached),
    });
    expect(said.join('\n')).toMatch(
      /Only the first time[\s\S]*still building Temporal's server \(0 s\)[\s\S]*is built/,
    );
  });

  it('compares versions by number', () => {
    expect([
      isOlder('1.9', '1.26.4'),
      isOlder('1.26.4', '1.26.4'),
      isOlder('1.26.10', '1.26.4'),
      isOlder('2.0', '1.26.4'),
    ]).toEqual([true, false, false, false]);
  });
});
