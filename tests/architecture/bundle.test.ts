import { AsyncLocalStorage } from 'node:async_hooks';
import { createContext, runInContext } from 'node:vm';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { bundleCode } from '../../workers/bundle.ts';
import { readSources } from './sources.ts';

/** Three quarters of it are Temporal's own, and the map of lines is a third. */
const MAX_BYTES = 1_250_000;

let code: string;
beforeAll(async () => {
  code = await bundleCode();
}, 60_000);

describe('the workflow bundle', () => {
  it('holds our workflows and Temporal’s runtime, nothing heavy, and stays small', () => {
    expect(code).toContain('orchestrationWorkflow');
    const modules = new Set(
      [...code.matchAll(/node_modules\/((?:@[\w.-]+\/)?[\w.-]+)\//g)].map(([, name = '']) => name),
    );
    expect([...modules].sort()).toEqual(['@temporalio/common', '@temporalio/workflow', 'long', 'ms', 'nexus-rpc']);
    expect(code).not.toMatch(/ZodObject|KyselyPlugin|api\.anthropic\.com|chat\.postMessage/);
    expect(Buffer.byteLength(code)).toBeLessThan(MAX_BYTES);
  });

  it('has run every module of ours before the first workflow comes, so that none is run again for each', () => {
    const loaded: Record<string, unknown> = {};
    const context = createContext({ AsyncLocalStorage, TextEncoder, TextDecoder, __webpack_module_cache__: loaded });
    runInContext(code, context);
    const ours = [...code.matchAll(/^\/\*{3}\/ "(\.\/(?:workflows|contracts)\/[^"]+\.ts)"/gm)].map(([, name]) => name);
    expect(ours).toEqual(expect.arrayContaining(['./workflows/proxies.ts', './contracts/failures.ts']));
    runInContext('__TEMPORAL__.preloadModules()', context);
    expect(ours.filter((name) => !(String(name) in loaded))).toEqual([]);
  });
});

/** What a module could keep from one workflow for another. */
const KEPT = [
  /^(?:export )?(?:let|var) .*/gm,
  // A set or map that only types keep from being changed says so.
  /^(?:export )?const \w+\b(?!: Readonly)[^=\n]* = new (?:Map|Set|WeakMap|WeakSet|Array)\b.*/gm,
  /^(?:export )?const \w+[^=\n]* = (?:\[\]|\{\}|Array\(|Object\.create\().*/gm,
  // An expression with a place of its own.
  /^(?:export )?const \w+[^=\n]* =\s+\/.+\/[a-z]*y[a-z]*;/gm,
];

it('no module of workflows and contracts keeps anything: all workflows of a thread share them', () => {
  const kept = readSources(['workflows', 'contracts']).flatMap(({ path, text }) => [
    ...KEPT.flatMap((pattern) => text.match(pattern) ?? []).map((line) => `${path}: ${line}`),
    ...placesUsed(text).map((name) => `${path}: ${name}`),
  ]);
  expect(kept).toEqual([]);
});

/** Expressions with a `g` that are asked with `test` or `exec`, which go on where the last one ended. */
const placesUsed = (text: string): string[] =>
  [...text.matchAll(/^(?:export )?const (\w+)[^=\n]* =\s+\/.+\/[a-z]*g[a-z]*;/gm)]
    .map(([, name = '']) => name)
    .filter((name) => new RegExp(`\\b${name}\\.(?:test|exec)\\(`).test(text));
