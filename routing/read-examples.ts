import { readFile } from 'node:fs/promises';
import { AGENT_IDS } from '../contracts/agents.ts';
import { type Example, type TrainingData, parseExamples, toTerms } from './examples.ts';

const FOLDER = new URL('./examples/', import.meta.url);

/** Reads one file of examples; throws with every bad line. */
export async function readExamples(file: URL | string): Promise<Example[]> {
  const { examples, problems } = parseExamples(await readFile(file, 'utf8'));
  if (problems.length > 0) throw new Error(`${String(file)}:\n${problems.map((problem) => `- ${problem}`).join('\n')}`);
  return examples;
}

const named = (name: string): Promise<Example[]> => readExamples(new URL(`${name}.tsv`, FOLDER));

/** What the router is trained from: one file per agent, requests for several agents, and terms. */
export async function readTrainingData(): Promise<TrainingData> {
  const perAgent = await Promise.all(AGENT_IDS.flatMap((agent) => [named(agent), named(`${agent}-2`)]));
  return {
    examples: [...perAgent.flat(), ...(await named('multi'))],
    terms: toTerms(await named('terms')),
    patterns: await named('patterns'),
  };
}

/** What the router is judged by and never trained from. */
export const readHeldOut = async (): Promise<{ single: Example[]; multi: Example[] }> => ({
  single: await named('held-out'),
  multi: await named('multi-held-out'),
});
