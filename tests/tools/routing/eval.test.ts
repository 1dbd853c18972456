import { execFile } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import type { AgentId } from '../../../contracts/agents.ts';
import { evaluate, type Judgement } from '../../../tools/routing/evaluate.ts';

const MAIN = fileURLToPath(new URL('../../../tools/routing/eval-main.ts', import.meta.url));
const run = promisify(execFile);

function judged(asked: AgentId, chosen: AgentId, confidence: number, abstained = false): Judgement {
  const agents = [{ agent: chosen, relevance: 1 }];
  return {
    example: { agents: [asked], language: 'en', text: 'x' },
    decision: { abstained, agents, confidence, scores: agents, reason: 'r' },
  };
}

async function fileOf(content: string): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'routing-')), 'examples.tsv');
  await writeFile(file, content);
  return file;
}

describe('evaluate', () => {
  const { en, ko } = evaluate([
    judged('ops', 'ops', 0.9),
    judged('ops', 'brand', 0.9),
    judged('ops', 'ops', 0.2, true),
    judged('brand', 'brand', 1),
  ]);

  it('counts accuracy over the answered and coverage over all', () => {
    expect(en.coverage).toBe(0.75);
    expect(en.accuracy).toBeCloseTo(2 / 3);
    expect(en.accuracyOfAll).toBe(0.75);
  });

  it('weighs the gap between said and right by band', () => {
    expect(en.ece).toBeCloseTo((3 * (2.8 / 3 - 2 / 3) + 0.8) / 4);
  });

  it('shows who was taken for whom', () => {
    expect(en.confusion).toEqual({ ops: { ops: 1, brand: 1, abstained: 1 }, brand: { brand: 1 } });
  });

  it('gives zeros, not NaN, for a language without examples', () => {
    expect(ko).toMatchObject({ count: 0, coverage: 0, accuracy: 0, ece: 0 });
  });
});

describe('npm run routing:eval', () => {
  it('judges any file as JSON', async () => {
    const file = await fileOf('engineering\ten\tFix the login bug\nfinance\tko\t이번 분기 예산 확인해줘\n');
    const { stdout } = await run(process.execPath, [MAIN, '--file', file, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ file: { all: { count: 2 }, en: { count: 1 }, ko: { count: 1 } } });
  });

  it('names every bad line and fails', async () => {
    const file = await fileOf('engineering\ten\tok\nnobody\ten\tx\nops\tfr\tx\n');
    await expect(run(process.execPath, [MAIN, '--file', file])).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/line 2: unknown agent[\s\S]*line 3: unknown language/),
    });
  });

  it('fails on a file that is not there', async () => {
    await expect(run(process.execPath, [MAIN, '--file', '/nowhere.tsv'])).rejects.toMatchObject({ code: 1 });
  });
});
