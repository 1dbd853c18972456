import { describe, expect, it } from '@jest/globals';
import { basename } from 'node:path';
import { isTest, readSources } from './sources.ts';

const sources = readSources();
const product = sources.filter((source) => !isTest(source));
const pathsOf = (list: readonly { path: string }[]) => list.map(({ path }) => path);
/** Only code: comments and texts may say what code may not. */
const codeOf = (text: string) =>
  text
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/^\s*\/\/.*$/gm, '')
    .replaceAll(/'(?:[^'\\\n]|\\.)*'/g, "''")
    .replaceAll(/`(?:[^`\\]|\\.)*`/g, '``');

describe('the size of files', () => {
  const sizes = product
    .filter(({ path }) => !path.startsWith('dev/'))
    .map(({ lines }) => lines)
    .sort((a, b) => a - b);
  const at = (share: number) => sizes[Math.floor((sizes.length - 1) * share)] ?? 0;

  it('is at most 300 lines, tests too', () => {
    expect(pathsOf(sources.filter(({ lines }) => lines > 300))).toEqual([]);
  });

  it('is at most 150 lines for a workflow', () => {
    expect(pathsOf(product.filter(({ path, lines }) => path.startsWith('workflows/') && lines > 150))).toEqual([]);
  });

  it('is 60 to 97 lines in the middle, and little over 200 for all but one in twenty', () => {
    expect(at(0.5)).toBeGreaterThanOrEqual(60);
    expect(at(0.5)).toBeLessThanOrEqual(97);
    expect(at(0.95)).toBeLessThanOrEqual(218);
  });

  it('leaves at most 495 files to read', () => {
    // Migrations are frozen and only become more; nobody reads them to know how the product is.
    const migrations = product.filter(({ path }) => path.startsWith('db/migrations/'));
    expect(sizes.length - migrations.length).toBeLessThanOrEqual(495);
  });
});

describe('the types', () => {
  it('are never any, outside of frozen migrations', () => {
    const loose = sources.filter(
      ({ path, text }) => !path.startsWith('db/migrations/') && /(:|\bas|<|\|)\s*any\b(?!\w|-)/.test(codeOf(text)),
    );
    expect(pathsOf(loose)).toEqual([]);
  });

  it('are never silenced', () => {
    const silenced = sources.filter(({ text }) => /@ts-(ignore|nocheck|expect-error)/.test(text));
    expect(pathsOf(silenced)).toEqual([]);
  });

  it('hold no enums, which only exist at run time', () => {
    expect(pathsOf(sources.filter(({ text }) => /^\s*(export\s+)?(const\s+)?enum\s/m.test(codeOf(text))))).toEqual([]);
  });
});

describe('one way to do each thing', () => {
  it('activities are given their options in exactly one file', () => {
    const users = product.filter(({ text }) => /\bproxy(Local)?Activities\b/.test(codeOf(text)));
    expect(pathsOf(users)).toEqual(['workflows/proxies.ts']);
  });

  it('organizations are set in exactly one file', () => {
    const setters = product.filter(({ text }) => text.includes('set_config('));
    expect(pathsOf(setters)).toEqual(['db/organization.ts']);
  });

  it('a raw connection is taken from the pool where handles are made, and by no tenant work', () => {
    const raw = product.filter(({ path, text }) => !path.startsWith('dev/') && /pool\.(connect|query)\(/.test(text));
    expect(pathsOf(raw)).toEqual(['db/database.ts']);
  });

  it('nothing mocks our modules, Temporal or time', () => {
    const word = /\bjest\.(mock|unstable_mockModule|useFakeTimers|spyOn)\b/;
    expect(pathsOf(sources.filter(({ text }) => word.test(text)))).toEqual([]);
  });

  it('the console is for people at a terminal, the log for everything else', () => {
    expect(pathsOf(product.filter(({ text }) => /\bconsole\.\w+\(/.test(codeOf(text))))).toEqual([]);
  });
});

describe('the words', () => {
  it('leave nothing to do', () => {
    // In pieces, so that this file does not name itself.
    const open = new RegExp(`\\b(${['TO DO', 'FIX ME', 'X XX', 'HA CK'].join('|').replaceAll(' ', '')})\\b`);
    expect(pathsOf(sources.filter(({ text }) => open.test(text)))).toEqual([]);
  });

  it('name files in kebab-case', () => {
    const odd = sources.filter(
      ({ path }) =>
        !/^[a-z0-9]+(-[a-z0-9]+)*(\.(test|workflow|system|long|browser|config))*\.(ts|tsx|mjs)$/.test(basename(path)),
    );
    expect(pathsOf(odd)).toEqual([]);
  });

  it('name no file after nothing', () => {
    const empty = /(^|[/-])(utils?|helpers?|common|managers?|services?|misc|shared)(\.|-|\/)/;
    expect(pathsOf(sources.filter(({ path }) => empty.test(path)))).toEqual([]);
  });

  it('end a workflow’s file and name alike', () => {
    const workflows = product.filter(({ path }) => path.endsWith('.workflow.ts'));
    expect(workflows.length).toBeGreaterThan(0);
    for (const { path, text } of workflows) {
      const name = basename(path, '.workflow.ts').replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
      expect(text).toContain(`export async function ${name}Workflow(`);
    }
  });
});
