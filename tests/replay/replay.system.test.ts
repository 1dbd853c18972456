import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { bundleCode, parseHistory, replayHistory } from '../../workers/bundle.ts';
import { silenceRuntime } from '../workflows/support/environment.ts';
import { MUTANTS, WORKFLOW } from './mutants.ts';
import { PLAN_STORIES } from './plan-stories.ts';
import { STORIES } from './stories.ts';
import { TOOL_STORIES } from './tool-stories.ts';
import { TROUBLE_STORIES } from './trouble-stories.ts';

/** T20 and G6: what was recorded from the whole product has to fit today's code, for ever. */
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const HISTORIES = fileURLToPath(new URL('./histories/', import.meta.url));
const kept = readdirSync(HISTORIES).filter((name) => name.endsWith('.json'));
const historyOf = (name: string) => parseHistory(readFileSync(join(HISTORIES, name), 'utf8'));

beforeAll(() => void silenceRuntime());

const WANTED = [...STORIES, ...PLAN_STORIES, ...TROUBLE_STORIES, ...TOOL_STORIES].map(({ name }) => name);

describe('the kept histories', () => {
  it('are all there: they only ever grow', () => {
    expect(kept).toEqual(expect.arrayContaining(WANTED.map((name) => `${name}.json`)));
  });

  it.each(kept)('%s replays against today’s code', async (name) => {
    await expect(replayHistory(historyOf(name), name)).resolves.toBeUndefined();
  });

  it('hold ids, not content: no word that anybody wrote or a model said', () => {
    for (const name of kept) {
      const text = Buffer.from(readFileSync(join(HISTORIES, name)))
        .toString('utf8')
        .replaceAll(/"data":\s*"([A-Za-z0-9+/=]+)"/g, (_, data: string) =>
          Buffer.from(data, 'base64').toString('utf8'),
        );
      expect(text).not.toMatch(/Plan the launch|tagline|has (been )?answered|What should we do|[Ll]ogo|[Pp]art\b/);
      expect(text).not.toMatch(/It was unclear|Be clearer|nowhere/);
    }
  });
});

describe('a kept history', () => {
  it.each(kept)('%s is small, and names no place on any machine', (name) => {
    const text = readFileSync(join(HISTORIES, name), 'utf8');
    expect(text.length).toBeLessThan(100_000);
    expect(text).not.toMatch(/file:\/\/|\/(home|root|tmp|work|Users)\//);
  });
});

describe('a changed workflow', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'nubabel-mutant-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Today's workflows with one thing changed, as a bundle. */
  async function mutant(file: string, from: string | RegExp, to: string): Promise<string> {
    const copy = mkdtempSync(join(folder, 'copy-'));
    for (const room of ['workflows', 'contracts']) cpSync(join(ROOT, room), join(copy, room), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    const path = join(copy, file);
    const text = readFileSync(path, 'utf8');
    const changed = text.replace(from, to);
    if (changed === text) throw new Error(`${file} no longer says ${String(from)}: mend this test.`);
    writeFileSync(path, changed);
    return bundleCode(join(copy, 'workflows'));
  }
  const replay = (code: string, name: string) =>
    Worker.runReplayHistory({ workflowBundle: { code } }, historyOf(name), name);

  it('that does the same replays, so that the mutants below mean something', async () => {
    const code = await mutant(WORKFLOW, "summary: 'Choose the agents'", "summary: 'Choose who works'");
    await expect(replay(code, 'simple.json')).resolves.toBeUndefined();
  });

  it.each(MUTANTS)('that %s is caught by %s', async (_, name, file, from, to) => {
    await expect(replay(await mutant(file, from, to), name)).rejects.toThrow(DeterminismViolationError);
  });
});
