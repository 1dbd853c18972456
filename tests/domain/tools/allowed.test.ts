import { describe, expect, it } from '@jest/globals';
import { allowedTools } from '../../../domain/tools/agent-tools.ts';
import { loadAgents } from '../../../domain/agents/load.ts';
import { TRAINED_AGENTS, SkillPattern, ToolPattern } from '../../../contracts/agents.ts';
import { HOUSE_TOOLS, offeredTool } from './samples.ts';

const REMOTE = offeredTool('weather__forecast');
const SECOND_NOTION = offeredTool('notion_sales__createTask', undefined, { provider: 'notion', slug: 'notion_sales' });
const DELEGATE = offeredTool('delegate__opencode');
const ALL = [...HOUSE_TOOLS, REMOTE, SECOND_NOTION, DELEGATE];
const allowed = (...tools: string[]) => allowedTools({ tools }, ALL).map(({ name }) => name);

describe('an agent’s list of tools', () => {
  it('allows nothing that it does not name', () => {
    expect(allowed()).toEqual([]);
    expect(allowed('slack__postMessage')).toEqual(['slack__postMessage']);
    expect(allowed('slack__post', 'slack__*Message', 'lack__*', 'notion')).toEqual([]);
    expect(allowed('*')).toHaveLength(ALL.length);
  });

  it('allows all of a provider, whatever its connections are called', () => {
    expect(allowed('notion__*')).toEqual([
      'notion__getTasks',
      'notion__createTask',
      'notion__updateTask',
      'notion__deleteTask',
      'notion_sales__createTask',
    ]);
    expect(allowed('notion__createTask')).toEqual(['notion__createTask', 'notion_sales__createTask']);
    expect(allowed('notion_sales__*')).toEqual(['notion_sales__createTask']);
  });

  it('means by remote the servers that are not ours, and nothing of the product', () => {
    expect(allowed('remote')).toEqual(['weather__forecast']);
    expect(allowed('delegate__*')).toEqual(['delegate__opencode']);
  });

  it.each(['notion', 'notion_*', 'Notion__*', 'a__', '__a', '**', 'a___b__*x', 'notion__create task', ''])(
    'cannot say %j',
    (pattern) => expect(ToolPattern.safeParse(pattern).success).toBe(false),
  );

  it('of the nine is in order: everybody may use remote servers, few may delegate', async () => {
    const agents = await loadAgents();
    const may = (name: string) =>
      TRAINED_AGENTS.filter((id) =>
        allowedTools(agents.get(id) ?? { tools: [] }, ALL).some((tool) => tool.name === name),
      );
    expect(may('weather__forecast')).toEqual(TRAINED_AGENTS);
    expect(may('notion__createTask')).toEqual(TRAINED_AGENTS);
    expect(may('delegate__opencode')).toEqual(['engineering', 'general']);
    expect(may('salesforce__query')).toEqual(['marketing', 'support', 'growth', 'finance', 'general']);
    expect(may('github__listPullRequests')).toEqual(['product', 'engineering', 'general']);
    expect(may('sentry__resolveIssue')).toEqual(['engineering', 'general']);
  });
});

it.each([
  ['*', true],
  ['release-notes', true],
  ['incident-*', true],
  ['Release', false],
  ['incident*', false],
  ['-*', false],
])('a list of skills can say %s: %s', (pattern, valid) => expect(SkillPattern.safeParse(pattern).success).toBe(valid));
