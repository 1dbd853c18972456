import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createEmulator, type Emulator } from 'emulate';
import { github as provider } from '../../../../adapters/mcp/servers/github/index.ts';
import { toolsOf } from './fixture.ts';

let emulator: Emulator;
beforeAll(async () => {
  emulator = await createEmulator({
    service: 'github',
    port: 0,
    seed: {
      tokens: { ghp_emulated: { login: 'ada', scopes: ['repo'] } },
      github: { users: [{ login: 'ada', name: 'Ada' }], repos: [{ owner: 'ada', name: 'app' }] },
    },
  });
});
afterAll(() => emulator.close());

describe('GitHub tools at a GitHub that nobody here wrote', () => {
  it('create, find again, change, list and take back', async () => {
    const settings = { owner: 'ada', repo: 'app' };
    const tools = toolsOf(provider, { url: emulator.url, token: 'ghp_emulated', settings });
    await expect(tools.whoAmI()).resolves.toBe('ada on GitHub');
    const args = { title: 'It breaks', body: 'When pressed.' };
    const output = await tools.run('createIssue', args, 'effect-1');
    expect(output).toMatchObject({ number: 1, author: 'ada', body: 'When pressed.' });
    await expect(tools.readBack('createIssue', { args, effectKey: 'effect-1' })).resolves.toMatchObject({
      happened: { number: 1 },
    });
    await expect(tools.readBack('createIssue', { args, effectKey: 'effect-2' })).resolves.toBe('not_happened');
    const change = { number: 1, title: 'It works', state: 'closed' };
    const before = await tools.before('updateIssue', change);
    await expect(tools.run('updateIssue', change)).resolves.toMatchObject({
      state: 'closed',
      stateReason: 'completed',
    });
    await expect(tools.readBack('updateIssue', { args: change, effectKey: 'e' })).resolves.toHaveProperty('happened');
    await tools.undo('updateIssue', { args: change, output, before });
    await expect(tools.run('listIssues', {})).resolves.toMatchObject({
      issues: [{ title: args.title, state: 'open' }],
    });
    await tools.undo('createIssue', { args, output });
    await expect(tools.run('listIssues', { state: 'closed' })).resolves.toMatchObject({
      issues: [{ stateReason: 'not_planned', body: 'When pressed.' }],
    });
    await expect(tools.run('listPullRequests', {})).resolves.toEqual({ pullRequests: [] });
    await expect(tools.run('getPullRequest', { number: 1 })).rejects.toMatchObject({ fault: 'refused' });
    await expect(tools.run('createIssue', { ...args, labels: ['no such'] })).rejects.toThrow('no label');
  });
});
