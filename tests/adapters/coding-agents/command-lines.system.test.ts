import { afterEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, readdirSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { openAgents, type AgentsOnAMachine } from './fixture.ts';

let agents: AgentsOnAMachine;
afterEach(() => agents?.close());

describe('a task for Claude Code', () => {
  it('answers what it said, what it cost and how to go on', async () => {
    agents = openAgents();
    const result = await agents.call('claude_code', 'Write it. [[write hello.txt]]', { skills: ['tdd', 'git-master'] });
    expect(result).toMatchObject({
      isError: false,
      text: 'wrote hello.txt',
      data: { status: 'success', model: 'claude-sonnet-5-5', inputTokens: 9_012, outputTokens: 321 },
    });
    expect(result.data?.['costCents']).toBeCloseTo(4.21);
    expect(result.data?.['sessionId']).toMatch(/^[0-9a-f-]{36}$/);
    const [start] = agents.starts();
    expect(start?.args.join(' ')).toBe('-p --output-format stream-json --verbose --permission-mode acceptEdits');
    expect(agents.batches.flat()).toHaveLength(4);
    expect(start?.prompt).toBe('Use these skills: tdd, git-master.\n\nWrite it. [[write hello.txt]]');
    expect(agents.batches.flat()).toEqual(
      expect.arrayContaining([
        'I will look at it.',
        '▸ Write {"file_path":"hello.txt","content":"written"}',
        '✓ File created',
      ]),
    );
  });

  it('goes on in the folder where the session began, and with another model', async () => {
    agents = openAgents();
    const first = await agents.call('claude_code', '[[write notes.txt]]');
    const sessionId = first.data?.['sessionId'];
    const second = await agents.call(
      'claude_code',
      '[[read notes.txt]]',
      { sessionId, model: 'opus' },
      { workspaceKey: 'run-2' },
    );
    expect(second).toMatchObject({ text: 'notes.txt: written', data: { sessionId, model: 'opus' } });
  });

  it('never goes on with a session of another organization, nor with one that nobody began', async () => {
    agents = openAgents();
    const { data } = await agents.call('claude_code', '[[write notes.txt]]');
    const foreign = await agents.call(
      'claude_code',
      '[[read notes.txt]]',
      { sessionId: data?.['sessionId'] },
      { organizationId: 'globex' },
    );
    expect(foreign).toMatchObject({
      isError: true,
      text: expect.stringMatching(/has no session .* leave sessionId out/),
    });
    expect((await agents.call('claude_code', 'x', { sessionId: 'nobodys' })).isError).toBe(true);
    expect(agents.starts()).toHaveLength(1);
  });

  it('tells a failed task as failed, with what it cost', async () => {
    agents = openAgents();
    expect(await agents.call('claude_code', '[[fail]]')).toMatchObject({
      isError: true,
      text: 'The tests do not pass.',
      data: { status: 'failed', costCents: expect.any(Number) },
    });
  });

  it('tells a crash with its last words and how to go on', async () => {
    agents = openAgents();
    const { text, isError } = await agents.call('claude_code', '[[say half]][[crash 139]]');
    expect(isError).toBe(true);
    expect(text).toMatch(
      /^Claude Code ended with code 139 before it gave a result\.\nSegmentation fault.*Session .* can go on/s,
    );
  });

  it('is not harmed by a flood of lines, a line without end or an answer without end', async () => {
    agents = openAgents();
    const { data, text } = await agents.call(
      'claude_code',
      '[[flood 20000]][[long-line 20000000]][[big-result 500000]]',
    );
    expect(data?.['status']).toBe('success');
    expect(text.length).toBeLessThan(100_100);
    expect(Math.max(...agents.batches.map((batch) => batch.length))).toBeLessThanOrEqual(200);
    expect(agents.batches.flat().join('\n')).toMatch(/… \d+ lines left out/);
    expect(Math.max(...agents.batches.flat().map((line) => line.length))).toBeLessThanOrEqual(501);
  });
});

describe('a task for Cursor', () => {
  it('answers in the same form, without a cost that nobody has told', async () => {
    agents = openAgents();
    expect(await agents.call('cursor', '[[write a.ts]]')).toMatchObject({
      text: 'wrote a.ts',
      isError: false,
      data: { status: 'success', model: 'Auto', costCents: null, inputTokens: 400, outputTokens: 20 },
    });
    expect(agents.starts()[0]).toMatchObject({
      agent: 'cursor-agent',
      args: ['-p', '--output-format', 'stream-json', '--trust'],
    });
    expect(agents.batches.flat()).toEqual(
      expect.arrayContaining([expect.stringMatching(/^▸ write \{/), expect.stringMatching(/^✓ write \{"content"/)]),
    );
  });
});

describe('the environment of a command line', () => {
  it('is what was allowed and nothing else, and no shell reads the arguments', async () => {
    agents = openAgents({ env: { MY_TOKEN: 'tok-123456789' } });
    process.env['NUBABEL_LEAK_TEST'] = 'must not be seen';
    await agents.call('claude_code', 'look', { model: 'a-b' }).finally(() => delete process.env['NUBABEL_LEAK_TEST']);
    const names = Object.keys(agents.starts()[0]?.env ?? {});
    const network = [
      'HTTPS_PROXY',
      'HTTP_PROXY',
      'NODE_USE_ENV_PROXY',
      'NO_PROXY',
      'http_proxy',
      'https_proxy',
      'no_proxy',
    ];
    expect(names.sort()).toEqual([...network, 'HOME', 'LANG', 'MY_TOKEN', 'PATH', 'PWD'].sort());
    expect((await agents.call('claude_code', 'x', { model: '$(touch pwned)' })).text).toMatch(/is no name of a model/);
    expect((await agents.call('claude_code', 'x', { sessionId: '--dangerously-skip-permissions' })).text).toMatch(
      /no session/,
    );
    expect(agents.starts()).toHaveLength(1);
  });

  it('is not told on: neither log lines nor the answer show its values', async () => {
    agents = openAgents({ env: { MY_TOKEN: 'tok-123456789' } });
    const result = await agents.call('claude_code', '[[leak MY_TOKEN]]');
    const seen = JSON.stringify([result, agents.batches]);
    expect(seen).not.toContain('tok-123456789');
    expect(result.text).toBe('I used [MY_TOKEN]');
    const lines = agents.batches.flat();
    expect(lines).toEqual(
      expect.arrayContaining(['The key is [MY_TOKEN]', 'debug: [MY_TOKEN]', 'not json [MY_TOKEN]']),
    );
  });
});

describe('the folder of a run', () => {
  it('is its own, for us alone, and never outside of its root', async () => {
    agents = openAgents();
    const texts = await Promise.all([
      agents.call('claude_code', '[[write mine.txt]][[read theirs.txt]]', {}, { workspaceKey: 'run-a' }),
      agents.call('claude_code', '[[write theirs.txt]][[read mine.txt]]', {}, { workspaceKey: 'run-b' }),
      agents.call('cursor', '[[read mine.txt]]', {}, { workspaceKey: '../../escape' }),
    ]);
    expect(texts.map(({ text }) => text)).toEqual([
      'wrote mine.txt\ntheirs.txt: nothing',
      'wrote theirs.txt\nmine.txt: nothing',
      'mine.txt: nothing',
    ]);
    expect(agents.starts().map(({ cwd }) => cwd)).toEqual(Array(3).fill('/nubabel/work'));
    const folders = readdirSync(agents.workspaces).filter((name) => !name.startsWith('.'));
    expect(folders.sort()).toEqual([expect.stringMatching(/^key-[0-9a-f]{40}$/), 'run-a', 'run-b']);
    for (const folder of folders) expect(statSync(join(agents.workspaces, folder)).mode & 0o777).toBe(0o700);
  });

  it('is refused where somebody has put a link', async () => {
    agents = openAgents();
    mkdirSync(agents.workspaces, { recursive: true });
    symlinkSync(agents.dir, join(agents.workspaces, 'run-1'));
    await expect(agents.call('claude_code', 'x')).rejects.toThrow(/is a link/);
    expect(agents.starts()).toEqual([]);
  });
});

describe('a command of the operator', () => {
  it('may bring arguments, which go before ours', async () => {
    agents = openAgents();
    const claudeCodeCommand = `${join(agents.dir, 'bin', 'claude')} --permission-mode plan --max-turns 5`;
    const other = openAgents({ claudeCodeCommand });
    await other.call('claude_code', 'x').finally(() => other.close());
    await agents.close();
    agents = openAgents({ cursorCommand: 'cursor-agent --force' });
    await agents.call('cursor', 'x');
    expect(agents.starts()[0]?.args).toEqual(['--force', '-p', '--output-format', 'stream-json', '--trust']);
  });
});

describe('without anything to delegate to', () => {
  it('each tool is there and names what to set', async () => {
    agents = openAgents({ env: { PATH: '/nowhere' } });
    expect(agents.delegation.tools().map(({ name }) => name)).toEqual(['opencode', 'claude_code', 'cursor']);
    const words = await Promise.all(
      ['opencode', 'claude_code', 'cursor'].map(async (tool) => {
        const { isError, text } = await agents.call(tool, 'x');
        expect(isError).toBe(true);
        return text;
      }),
    );
    expect(words[0]).toMatch(/OpenCode is not configured: set OPENCODE_SIDECAR_URL/);
    expect(words[1]).toMatch(/Claude Code is not configured: install claude .* or set CLAUDE_CODE_COMMAND/);
    expect(words[2]).toMatch(/Cursor is not configured: install cursor-agent .* or set CURSOR_COMMAND/);
  });

  it('a command that is not there is named', async () => {
    agents = openAgents({ claudeCodeCommand: '/opt/none/claude' });
    expect((await agents.call('claude_code', 'x')).text).toMatch(/CLAUDE_CODE_COMMAND names \/opt\/none\/claude/);
  });
});
