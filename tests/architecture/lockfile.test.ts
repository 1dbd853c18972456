import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

interface Locked {
  readonly link?: boolean;
  readonly integrity?: string;
  readonly optionalDependencies?: Record<string, string>;
}

const lock = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')) as {
  packages: Record<string, Locked>;
};

describe('the lockfile', () => {
  it('names the binaries of every platform, so that npm ci takes it anywhere (scripts/complete-lockfile.ts)', () => {
    const names = Object.keys(lock.packages).map((path) => path.slice(path.lastIndexOf('node_modules/') + 13));
    const locked = new Set(names);
    const missing = Object.values(lock.packages).flatMap(({ optionalDependencies = {} }) =>
      Object.keys(optionalDependencies).filter((name) => !locked.has(name)),
    );
    expect(missing).toEqual([]);
  });

  it('has a checksum of every package, so that one that was swapped is not installed', () => {
    const unchecked = Object.entries(lock.packages).filter(
      ([path, { link, integrity }]) => path !== '' && !link && !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? ''),
    );
    expect(unchecked.map(([path]) => path)).toEqual([]);
  });

  it('names no registry, so that everybody uses their own', () => {
    expect(JSON.stringify(lock)).not.toContain('"resolved"');
  });
});
