import { describe, expect, it } from '@jest/globals';
import { bundleCode } from '../../workers/bundle.ts';

/** About 1.5 MB today, nearly all of it Temporal's own; every workflow in the cache pays for what is added. */
const MAX_BYTES = 2_200_000;

describe('the workflow bundle', () => {
  it('holds our workflows and Temporal’s runtime, nothing heavy, and stays small', async () => {
    const code = await bundleCode();
    expect(code).toContain('orchestrationWorkflow');
    const modules = new Set([...code.matchAll(/node_modules\/((?:@[\w.-]+\/)?[\w.-]+)\//g)].map(([, name]) => name));
    expect([...modules]).toContain('@temporalio/workflow');
    const heavy = [...modules].filter((name) =>
      /^(zod|kysely|pg|hono|pino|undici)$|^@(anthropic-ai|slack|hono)\//.test(name ?? ''),
    );
    expect(heavy).toEqual([]);
    expect(code).not.toMatch(/ZodObject|KyselyPlugin|api\.anthropic\.com|chat\.postMessage/);
    expect(Buffer.byteLength(code)).toBeLessThan(MAX_BYTES);
  }, 60_000);
});
