import { existsSync } from 'node:fs';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createBoundary } from '../../../adapters/coding-agents/boundary.ts';
import { openAgents, type AgentsOnAMachine } from './fixture.ts';

let agents: AgentsOnAMachine | undefined;
afterEach(() => agents?.close());

const WHY =
  'this system offers no boundary that Nubabel could draw around it. Run the worker of the pool local-ops on Linux.';

describe.each(['darwin', 'win32', 'freebsd'] as const)('on %s', (platform) => {
  it('there is no boundary, and the words say where there is one', async () => {
    const boundary = createBoundary({ dataDir: '/nowhere', env: {}, platform });
    await expect(boundary.problem()).resolves.toBe(WHY);
  });

  it.each([
    ['claude_code', 'Claude Code'],
    ['cursor', 'Cursor'],
  ])('%s is off, starts nothing and says why', async (tool, name) => {
    agents = openAgents({ platform });
    const { text, isError } = await agents.call(tool, 'Fix the bug');
    expect(isError).toBe(true);
    expect(text).toContain(`${name} was not started`);
    expect(text).toContain(WHY);
    expect(agents.starts()).toEqual([]);
    expect(existsSync(agents.workspaces)).toBe(false);
    await expect(agents.delegation.available()).resolves.toEqual([]);
  });

  it('a sidecar needs none, and stays', async () => {
    agents = openAgents({ platform, sidecarUrl: 'http://127.0.0.1:9' });
    await expect(agents.delegation.available()).resolves.toEqual(['opencode']);
  });
});
