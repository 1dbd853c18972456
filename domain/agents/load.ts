import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { z } from 'zod';
import { type AgentDefinition, AgentFrontMatter, AgentId, TRAINED_AGENTS } from '../../contracts/agents.ts';

/** What one file came to: the agent, or the sentences that say why not. */
type Reading = { agent: AgentDefinition } | { problems: string[] };

const FILE_PARTS = /^\uFEFF?---\r?\n([\s\S]*?)\r?\n---[ \t]*(?:\r?\n|$)([\s\S]*)$/;
const HERE = new URL('../../agents/', import.meta.url);

/** The ids of a folder's agents, whatever is in their files. */
export const listAgentIds = (dir: URL | string = HERE): AgentId[] =>
  listFiles(toFolder(dir)).map((name) => name.replace(/\.md$/, ''));

const toFolder = (dir: URL | string): string => (typeof dir === 'string' ? dir : fileURLToPath(dir));

const listFiles = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.md') && name !== 'README.md')
    .sort();

/**
 * Reads every `<id>.md` of a folder, those first that the local router was trained on.
 * Throws one error that lists every problem of every file.
 */
export async function loadAgents(dir: URL | string = HERE): Promise<ReadonlyMap<AgentId, AgentDefinition>> {
  const folder = toFolder(dir);
  const names = listFiles(folder);
  const problems: string[] = [];
  const found = new Map<AgentId, AgentDefinition>();
  for (const name of names) {
    const reading = readAgent(name, await readFile(join(folder, name), 'utf8'));
    if ('agent' in reading) found.set(reading.agent.id, reading.agent);
    else problems.push(...reading.problems.map((problem) => `${name}: ${problem}`));
  }
  for (const id of TRAINED_AGENTS) if (!names.includes(`${id}.md`)) problems.push(`${id}.md: is missing`);
  if (problems.length > 0) throw new Error(`Agents in ${folder}:\n${problems.map((line) => `- ${line}`).join('\n')}`);
  const order = new Set<AgentId>([...TRAINED_AGENTS, ...found.keys()]);
  return new Map([...order].flatMap((id) => found.get(id) ?? []).map((agent) => [agent.id, agent]));
}

function readAgent(fileName: string, text: string): Reading {
  const id = AgentId.safeParse(fileName.replace(/\.md$/, ''));
  if (!id.success) return { problems: ["the name is not an agent's id: lower case letters, digits and single - only"] };
  const [, head, body] = FILE_PARTS.exec(text) ?? [];
  if (head === undefined || body === undefined)
    return { problems: ['does not begin with front matter between two --- lines'] };
  const yaml = parseYaml(head);
  if ('problem' in yaml) return { problems: [yaml.problem] };
  const frontMatter = AgentFrontMatter.safeParse(yaml.value);
  const problems = frontMatter.success ? [] : frontMatter.error.issues.map(issueLine);
  const prompt = body.trim();
  if (prompt === '') problems.push('has no prompt below the front matter');
  if (!frontMatter.success || problems.length > 0) return { problems };
  return { agent: { ...frontMatter.data, id: id.data, prompt } };
}

function parseYaml(text: string): { value: unknown } | { problem: string } {
  try {
    return { value: parse(text) };
  } catch (error) {
    const [firstLine] = String(error instanceof Error ? error.message : error).split('\n');
    return { problem: `the front matter is not YAML: ${firstLine}` };
  }
}

const issueLine = (issue: z.core.$ZodIssue): string =>
  issue.path.length > 0 ? `${issue.path.join('.')}: ${issue.message}` : issue.message;
