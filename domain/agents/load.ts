import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { z } from 'zod';
import { AGENT_IDS, type AgentDefinition, AgentFrontMatter, AgentId } from '../../contracts/agents.ts';

/** What one file came to: the agent, or the sentences that say why not. */
type Reading = { agent: AgentDefinition } | { problems: string[] };

const FILE_PARTS = /^\uFEFF?---\r?\n([\s\S]*?)\r?\n---[ \t]*(?:\r?\n|$)([\s\S]*)$/;
const HERE = new URL('../../agents/', import.meta.url);

/** Reads every `<id>.md` of a folder. Throws one error that lists every problem of every file. */
export async function loadAgents(dir: URL | string = HERE): Promise<ReadonlyMap<AgentId, AgentDefinition>> {
  const folder = typeof dir === 'string' ? dir : fileURLToPath(dir);
  const names = (await readdir(folder)).filter((name) => name.endsWith('.md') && name !== 'README.md').sort();
  const problems: string[] = [];
  const found = new Map<AgentId, AgentDefinition>();
  for (const name of names) {
    const reading = readAgent(name, await readFile(join(folder, name), 'utf8'));
    if ('agent' in reading) found.set(reading.agent.id, reading.agent);
    else problems.push(...reading.problems.map((problem) => `${name}: ${problem}`));
  }
  for (const id of AGENT_IDS) if (!names.includes(`${id}.md`)) problems.push(`${id}.md: is missing`);
  if (problems.length > 0) throw new Error(`Agents in ${folder}:\n${problems.map((line) => `- ${line}`).join('\n')}`);
  return new Map(
    AGENT_IDS.flatMap((id) => [found.get(id)].filter((agent) => agent !== undefined).map((agent) => [id, agent])),
  );
}

function readAgent(fileName: string, text: string): Reading {
  const id = AgentId.safeParse(fileName.replace(/\.md$/, ''));
  if (!id.success) return { problems: [`the name is not an agent's id; known: ${AGENT_IDS.join(', ')}`] };
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
