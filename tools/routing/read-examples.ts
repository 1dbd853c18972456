import { readFile, readdir } from 'node:fs/promises';
import { AGENT_IDS } from '../../contracts/agents.ts';
import { type Example, type TrainingData, parseExamples, toTerms } from './examples.ts';

const FOLDER = new URL('./examples/', import.meta.url);
/** `brand.tsv`, `brand-2.tsv`, … and `multi.tsv`. */
const LEARNED = new RegExp(`^(?:${AGENT_IDS.join('|')}|multi)(?:-\\d+)?\\.tsv$`);

/** Reads one file of examples; throws with every bad line. */
export async function readExamples(file: URL | string): Promise<Example[]> {
  const { examples, problems } = parseExamples(await readFile(file, 'utf8'));
  if (problems.length > 0) throw new Error(`${String(file)}:\n${problems.map((problem) => `- ${problem}`).join('\n')}`);
  return examples;
}

const named = (name: string): Promise<Example[]> => readExamples(new URL(name, FOLDER));

/** What the router is trained from: files per agent, requests for several agents, terms and patterns. */
export async function readTrainingData(): Promise<TrainingData> {
  const names = (await readdir(FOLDER)).filter((name) => LEARNED.test(name)).sort();
  return {
    examples: (await Promise.all(names.map(named))).flat(),
    terms: toTerms(await named('terms.tsv')),
    patterns: await named('patterns.tsv'),
  };
}

/** What the router is judged by and never trained from: roundabout, plain, and for several agents. */
export const readHeldOut = async (): Promise<Record<'single' | 'plain' | 'multi', Example[]>> => ({
  single: await named('held-out.tsv'),
  plain: await named('held-out-2.tsv'),
  multi: await named('multi-held-out.tsv'),
});
