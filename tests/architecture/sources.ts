import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** The rooms of the product and its few files at the front door. */
export const ROOMS = [
  'contracts',
  'workflows',
  'domain',
  'adapters',
  'activities',
  'workers',
  'api',
  'db',
  'agents',
  'skills',
  'tools',
  'web',
] as const;
const BESIDE = ['dev', 'scripts', 'tests'] as const;

export interface Import {
  /** A path from the root (`db/organization.ts`) or a package (`zod`). */
  readonly target: string;
  readonly typeOnly: boolean;
}

export interface Source {
  /** From the root, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly lines: number;
  readonly imports: readonly Import[];
}

const IMPORT = /(?:^|\n)\s*(import|export)\s+(type\s+)?((?:[\w*$,\s]|\{[^}]*\})*?)\s*from\s*'([^']+)'/g;
const BARE = /(?:^|\n)\s*import\s*'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/g;

function importsOf(path: string, text: string): Import[] {
  const resolve = (given: string) => (given.startsWith('.') ? posix.join(posix.dirname(path), given) : given);
  const named = [...text.matchAll(IMPORT)].map(([, , typeWord, names = '', target = '']) => ({
    target: resolve(target),
    typeOnly: typeWord !== undefined || onlyTypes(names),
  }));
  const bare = [...text.matchAll(BARE)].map(([, effect, dynamic]) => ({
    target: resolve(effect ?? dynamic ?? ''),
    typeOnly: false,
  }));
  return [...named, ...bare];
}

/** `{ type A, type B }` imports nothing at run time. */
function onlyTypes(names: string): boolean {
  const inside = /^\{([^}]*)\}$/.exec(names.trim())?.[1];
  const parts =
    inside
      ?.split(',')
      .map((part) => part.trim())
      .filter(Boolean) ?? [];
  return parts.length > 0 && parts.every((part) => part.startsWith('type '));
}

function walk(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return name === 'node_modules' || name === 'histories' ? [] : walk(path);
    return /\.(ts|tsx|mjs)$/.test(name) ? [path] : [];
  });
}

/** Every source file of these folders, or of the whole product with its front door. */
export function readSources(folders: readonly string[] = [...ROOMS, ...BESIDE]): Source[] {
  const front = folders.length === ROOMS.length + BESIDE.length ? ['config.ts', 'logging.ts'] : [];
  return [...folders.flatMap((folder) => walk(join(ROOT, folder))), ...front.map((name) => join(ROOT, name))].map(
    (file) => {
      const path = relative(ROOT, file).replaceAll('\\', '/');
      const text = readFileSync(file, 'utf8');
      return { path, text, lines: text.split('\n').length - 1, imports: importsOf(path, text) };
    },
  );
}

export const isTest = ({ path }: Source): boolean => path.startsWith('tests/');
export const roomOf = (path: string): string => (path.includes('/') ? (path.split('/')[0] ?? '') : 'front door');
