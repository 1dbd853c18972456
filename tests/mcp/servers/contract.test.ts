import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import type { Provider, ProviderTool } from '../../../mcp/servers/define.ts';
import { github } from '../../../mcp/servers/github/index.ts';
import { linear } from '../../../mcp/servers/linear/index.ts';
import { notion } from '../../../mcp/servers/notion/index.ts';
import { slack } from '../../../mcp/servers/slack/index.ts';

const PROVIDERS: readonly Provider[] = [github, linear, notion, slack] as unknown as Provider[];
type Tool = ProviderTool<unknown, z.ZodObject, z.ZodObject>;
const TOOLS = PROVIDERS.flatMap(({ provider, tools }) =>
  (tools as readonly Tool[]).map((tool): [string, Tool] => [`${provider}__${tool.name}`, tool]),
);
const WRITES = TOOLS.filter(([, { annotations }]) => !annotations.readOnlyHint);

describe('the tools of our own servers', () => {
  it('are these', () => {
    expect(TOOLS.map(([name]) => name)).toEqual([
      'github__listIssues',
      'github__createIssue',
      'github__updateIssue',
      'github__getPullRequest',
      'github__listPullRequests',
      'linear__getIssues',
      'linear__createIssue',
      'linear__updateIssue',
      'notion__getTasks',
      'notion__createTask',
      'notion__updateTask',
      'notion__deleteTask',
      'slack__postMessage',
      'slack__updateMessage',
      'slack__sendThreadReply',
      'slack__getChannels',
      'slack__getUsers',
    ]);
  });

  it.each(TOOLS)('%s has a name, words and schemas that models take', (name, { title, description, input, output }) => {
    expect(name).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
    expect(title.length).toBeGreaterThan(3);
    expect(description).toMatch(/\.$/);
    const schema = z.toJSONSchema(input, { io: 'input' });
    expect(schema).toMatchObject({ type: 'object', additionalProperties: false });
    const silent = Object.entries(schema.properties ?? {}).filter(
      ([, field]) => !z.object({ description: z.string() }).safeParse(field).success,
    );
    expect(silent.map(([field]) => field)).toEqual([]);
    expect(z.toJSONSchema(output, { io: 'output' })).toMatchObject({ type: 'object' });
  });

  it.each(TOOLS.filter(([, { annotations }]) => annotations.readOnlyHint))('%s only reads', (_name, tool) => {
    expect(tool.annotations).toMatchObject({ destructiveHint: false, idempotentHint: true });
    expect([tool.undo, tool.before, tool.readBack, tool.takesEffectKey]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it.each(WRITES)('%s can be found out about, found, and taken back', (_name, tool) => {
    expect(tool.readBack).toBeInstanceOf(Function);
    expect(tool.undo).toBeInstanceOf(Function);
    expect(tool.resource).toBeInstanceOf(Function);
  });

  it.each(WRITES)('%s looks at what it overwrites, and says when twice is not once', (_name, tool) => {
    const { destructiveHint, idempotentHint } = tool.annotations;
    expect(idempotentHint).toBe(destructiveHint);
    expect(tool.before !== undefined).toBe(destructiveHint);
  });
});
