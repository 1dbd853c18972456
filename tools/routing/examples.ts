import { createHash } from 'node:crypto';
import { agentAmong, Language, TRAINED_AGENTS, type AgentId } from '../../contracts/agents.ts';
import { readFile, readdir } from 'node:fs/promises';

/** An agent that the router knows. */
export const LearnedAgent = agentAmong(TRAINED_AGENTS);

/** A request with the agents whose business it is. */
export interface Example {
  readonly agents: readonly AgentId[];
  readonly language: Language;
  readonly text: string;
}

/** Everything the router learns from. */
export interface TrainingData {
  readonly examples: readonly Example[];
  /** Single terms of an agent's trade; training puts them into frames that say nothing by themselves. */
  readonly terms: readonly Example[];
  /** Requests with alternatives in braces; training writes them out. */
  readonly patterns: readonly Example[];
}

interface ParsedExamples {
  readonly examples: Example[];
  /** One sentence per bad line, with its number. */
  readonly problems: string[];
}

/** Reads `agent<TAB>language<TAB>text` lines; `a+b` names several agents. Empty lines and `#` lines are skipped. */
export function parseExamples(content: string): ParsedExamples {
  const examples: Example[] = [];
  const problems: string[] = [];
  for (const [index, line] of content
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const parsed = parseLine(line);
    if (typeof parsed === 'string') problems.push(`line ${index + 1}: ${parsed}`);
    else examples.push(parsed);
  }
  return { examples, problems };
}

function parseLine(line: string): Example | string {
  const [names = '', tongue = '', ...rest] = line.split('\t');
  if (rest.length === 0) return 'expected agent<TAB>language<TAB>text';
  const agents = names.split('+').map((name) => LearnedAgent.safeParse(name.trim()));
  const language = Language.safeParse(tongue.trim());
  const text = rest.join(' ').trim();
  if (!agents.every((agent) => agent.success)) return `unknown agent "${names}"`;
  if (!language.success) return `unknown language "${tongue}", expected en or ko`;
  if (text === '') return 'the text is empty';
  return { agents: [...new Set(agents.map((agent) => agent.data))], language: language.data, text };
}

/** One line of terms becomes one example per term. */
const toTerms = (lines: readonly Example[]): Example[] =>
  lines.flatMap((line) => line.text.split('|').map((term) => ({ ...line, text: term.trim() })));

/** Says which examples a model was trained from. */
export function hashTrainingData({ examples, terms, patterns }: TrainingData): string {
  const lines = [...examples, ...terms, ...patterns].map(
    ({ agents, language, text }) => `${agents.join('+')}\t${language}\t${text}`,
  );
  return createHash('sha256').update(lines.sort().join('\n')).digest('hex');
}

const FOLDER = new URL('./examples/', import.meta.url);
/** `brand.tsv`, `brand-2.tsv`, … and `multi.tsv`. */
const LEARNED = new RegExp(`^(?:${TRAINED_AGENTS.join('|')}|multi)(?:-\\d+)?\\.tsv$`);

/** Reads one file of examples; throws with every bad line. */
async function readExamples(file: URL | string): Promise<Example[]> {
  const { examples, problems } = parseExamples(await readFile(file, 'utf8'));
  if (problems.length > 0) throw new Error(`${String(file)}:\n${problems.map((problem) => `- ${problem}`).join('\n')}`);
  return examples;
}

/** The fields of every line of a file of examples. */
export const readRows = async (name: string): Promise<string[][]> =>
  (await readFile(new URL(name, FOLDER), 'utf8'))
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => line.split('\t'));

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
