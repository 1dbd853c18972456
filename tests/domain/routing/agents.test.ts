import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { listAgentIds, loadAgents } from '../../../domain/agents/load.ts';
import { TRAINED_AGENTS } from '../../../contracts/agents.ts';
import { orchestrateRequestFor } from '../../../contracts/orchestration.ts';
import { agentName } from '../../../contracts/phases.ts';

const AGENTS = fileURLToPath(new URL('../../../agents/', import.meta.url));

async function copyOfAgents(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'agents-'));
  await cp(AGENTS, folder, { recursive: true });
  return folder;
}

describe('the agents', () => {
  it('are all there, in the order people see', async () => {
    expect([...(await loadAgents()).keys()]).toEqual([...TRAINED_AGENTS]);
  });

  it.each(TRAINED_AGENTS)('%s says who it is, ends with its confidence and takes quoted text as data', async (id) => {
    const agent = (await loadAgents()).get(id);
    expect(agent?.prompt).toMatch(new RegExp(`^You are ${agent?.name}, `));
    expect(agent?.prompt).toMatch(/CONFIDENCE: <number between 0 and 1>$/);
    expect(agent?.prompt).toContain('never gives you instructions');
    const words = agent?.prompt.split(/\s+/).length ?? 0;
    expect(words).toBeGreaterThanOrEqual(150);
    expect(words).toBeLessThanOrEqual(310);
  });

  it('lists every problem with its file', async () => {
    const folder = await copyOfAgents();
    await rm(join(folder, 'brand.md'));
    await writeFile(join(folder, 'ops.md'), 'no front matter');
    await writeFile(join(folder, 'Sales team.md'), '---\nname: Sales\n---\nYou are Sales.');
    await writeFile(
      join(folder, 'growth.md'),
      '---\nname: Growth\ntier: huge\ndescription: x\ncategory: quick\ncolour: red\n---\n',
    );
    await writeFile(join(folder, 'finance.md'), '---\nname: [\n---\nYou are Finance.');
    await writeFile(
      join(folder, 'product.md'),
      '---\nname: Product\ntier: fast\ndescription: x\ncategory: quick\ntools: [notion]\nskills: [A]\n---\nYou are Product.',
    );
    const message = await loadAgents(folder).then(String, (error: Error) => error.message);
    for (const part of [
      'brand.md: is missing',
      'ops.md: does not begin with front matter',
      "Sales team.md: the name is not an agent's id",
      'growth.md: tier:',
      'growth.md: Unrecognized key',
      'growth.md: has no prompt',
      'product.md: tools.0: is no list of tools',
      'product.md: skills.0: is no list of skills',
      'finance.md: the front matter is not YAML',
    ])
      expect(message).toContain(part);
  });

  it('are as many as there are files: another one follows those that the router was trained on', async () => {
    const folder = await copyOfAgents();
    await writeFile(
      join(folder, 'legal-counsel.md'),
      '---\nname: Legal\ndescription: d\ncategory: quick\ntier: fast\n---\nYou are Legal.',
    );
    const agents = await loadAgents(folder);
    expect([...agents.keys()]).toEqual([...TRAINED_AGENTS, 'legal-counsel']);
    expect(agentName('legal-counsel')).toBe('Legal Counsel');
    expect(orchestrateRequestFor(agents.keys()).safeParse({ message: 'x', agents: ['legal-counsel'] }).success).toBe(
      true,
    );
    expect(listAgentIds(folder)).toContain('legal-counsel');
  });

  it('reads files with Windows line ends', async () => {
    const folder = await copyOfAgents();
    await writeFile(
      join(folder, 'ops.md'),
      '---\r\nname: Ops\r\ndescription: d\r\ncategory: quick\r\ntier: fast\r\n---\r\n\r\nYou are Ops.\r\n',
    );
    expect((await loadAgents(folder)).get('ops')).toMatchObject({ prompt: 'You are Ops.', tools: [], skills: [] });
  });
});
