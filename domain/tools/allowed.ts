import type { AgentDefinition, ToolPattern } from '../../contracts/agents.ts';
import { isFirstParty } from '../../contracts/connections.ts';
import type { OfferedTool } from './tool-host.ts';

/** Slugs of tools that the house runs itself: they are nobody's connection. */
const HOUSE = ['nubabel', 'skills', 'delegate', 'tools'];

type Named = Pick<OfferedTool, 'name' | 'slug' | 'provider'>;

/** The tools that an agent's list lets it call, in the order given. What a model wants beyond them is not run. */
export const allowedTools = <T extends Named>(agent: Pick<AgentDefinition, 'tools'>, tools: readonly T[]): T[] =>
  tools.filter((tool) => isAllowed(agent, tool));

/** Whether the list lets this tool pass, by its connection's slug or by its provider. */
export function isAllowed({ tools: patterns }: Pick<AgentDefinition, 'tools'>, tool: Named): boolean {
  const own = tool.name.startsWith(`${tool.slug}__`) ? tool.name.slice(tool.slug.length + 2) : tool.name;
  const isRemote = !isFirstParty(tool.provider) && !HOUSE.includes(tool.slug);
  return patterns.some(
    (pattern) =>
      pattern === '*' ||
      (pattern === 'remote' && isRemote) ||
      matches(pattern, `${tool.slug}__${own}`) ||
      matches(pattern, `${tool.provider}__${own}`),
  );
}

const matches = (pattern: ToolPattern, name: string): boolean =>
  pattern.endsWith('__*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
