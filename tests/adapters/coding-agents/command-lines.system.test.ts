import { afterEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { openDesk, type Desk } from './fixture.ts';

let desk: Desk;
afterEach(() => desk?.close());

describe('a task for Claude Code', () => {
  it('answers what it said, what it cost and how to go on', async () => {
    desk = openDesk();
    const result = await desk.call('claude_code', 'Write it. [[write hello.txt]]', { skills: ['tdd', 'git-master'] });
    expect(result).toMatchObject({
      isError: false,
      text: 'wrote hello.txt',
      data: { status: 'success', model: 'claude-sonnet-5-5', inputTokens: 9_012, outputTokens: 321 },
    });
    expect(result.data?.['costCents']).toBeCloseTo(4.21);
    expect(result.data?.['sessionId']).toMatch(/^[0-9a-f-]{36}$/);
    const [start] = desk.starts();
    expect(start?.args.join(' ')).toBe('-p --output-format stream-json --verbose --permission-mode acceptEdits');
    expect(desk.batches.flat()).toHaveLength(4);
    expect(start?.prompt).toBe('Use these skills: tdd, git-master.\n\nWrite it. [[write hello.txt]]');
    expect(desk.batches.flat()).toEqual(
      expect.arrayContaining([
        'I will look at it.',
        '▸ Write {"file_path":"hello.txt","content":"written"}',
        '✓ File created',
      ]),
    );
  });

  it('goes on in the folder where the session began, and with another model', async () => {
    desk = openDesk();
    const first = await desk.call('claude_code', '[[write notes.txt]]');
    const sessionId = first.data?.['sessionId'];
    const second = await desk.call(
      'claude_code',
      '[[read notes.txt]]',
      { sessionId, model: 'opus' },
      { workspaceKey: 'run-2' },
    );
    expect(second).toMatchObject({ text: 'notes.txt: written', data: { sessionId, model: 'opus' } });
  });

  it('never goes on with a session of another organization, nor with one that nobody began', async () => {
    desk = openDesk();
    const { data } = await desk.call('claude_code', '[[write notes.txt]]');
    const foreign = await desk.call(
      'claude_code',
      '[[read notes.txt]]',
      { sessionId: data?.['sessionId'] },
      { organizationId: 'globex' },
    );
    expect(foreign).toMatchObject({
      isError: true,
      text: expect.stringMatching(/has no session .* leave sessionId out/),
    });
    expect((await desk.call('claude_code', 'x', { sessionId: 'nobodys' })).isError).toBe(true);
    expect(desk.starts()).toHaveLength(1);
  });

  it('tells a failed task as failed, with what it cost', async () => {
    desk = openDesk();
    expect(await desk.call('claude_code', '[[fail]]')).toMatchObject({
      isError: true,
      text: 'The tests do not pass.',
      data: { status: 'failed', costCents: expect.any(Number) },
    });
  });

  it('tells a crash with its last words and how to go on', async () => {
    desk = openDesk();
    const { text, isError } = await desk.call('claude_code', '[[say half]][[crash 139]]');
    expect(isError).toBe(true);
    expect(text).toMatch(
      /^Claude Code ended with code 139 before it gave a result\.\nSegmentation fault.*Session .* can go on/s,
    );
  });

  it('is not harmed by a flood of lines, a line without end or an answer without end', async () => {
    desk = openDesk();
    const { data, text } = await desk.call('claude_code', '[[flood 20000]][[long-line 20000000]][[big-result 500000]]');
    expect(data?.['status']).toBe('success');
    expect(text.length).toBeLessThan(100_100);
    expect(Math.max(...desk.batches.map((batch) => batch.length))).toBeLessThanOrEqual(200);
    expect(desk.batches.flat().join('\n')).toMatch(/… \d+ lines left out/);
    expect(Math.max(...desk.batches.flat().map((line) => line.length))).toBeLessThanOrEqual(501);
  });
});

describe('a task for Cursor', () => {
  it('answers in the same form, without a cost that nobody has told', async () => {
    desk = openDesk();
    expect(await desk.call('cursor', '[[write a.ts]]')).toMatchObject({
      text: 'wrote a.ts',
      isError: false,
      data: { status: 'success', model: 'Auto', costCents: null, inputTokens: 400, outputTokens: 20 },
    });
    expect(desk.starts()[0]).toMatchObject({
      agent: 'cursor-agent',
      args: ['-p', '--output-format', 'stream-json', '--trust'],
    });
    expect(desk.batches.flat()).toEqual(
      expect.arrayContaining([expect.stringMatching(/^▸ write \{/), expect.stringMatching(/^✓ write \{"content"/)]),
    );
  });
});

describe('the environment of a command line', () => {
  it('is what was allowed and nothing else, and no shell reads the arguments', async () => {
    desk = openDesk({ env: { MY_TOKEN: 'tok-123456789' } });
    process.env['NUBABEL_LEAK_TEST'] = 'must not be seen';
    await desk.call('claude_code', 'look', { model: 'a-b' }).finally(() => delete process.env['NUBABEL_LEAK_TEST']);
    const names = Object.keys(desk.starts()[0]?.env ?? {});
    expect(names.sort()).toEqual(['HOME', 'LANG', 'MY_TOKEN', 'NUBABEL_DELEGATION', 'PATH']);
    expect((await desk.call('claude_code', 'x', { model: '$(touch pwned)' })).text).toMatch(/is no name of a model/);
    expect((await desk.call('claude_code', 'x', { sessionId: '--dangerously-skip-permissions' })).text).toMatch(
      /no session/,
    );
    expect(desk.starts()).toHaveLength(1);
  });

  it('is not told on: neither log lines nor the answer show its values', async () => {
    desk = openDesk({ env: { MY_TOKEN: 'tok-123456789' } });
    const result = await desk.call('claude_code', '[[leak MY_TOKEN]]');
    const seen = JSON.stringify([result, desk.batches]);
    expect(seen).not.toContain('tok-123456789');
    expect(result.text).toBe('I used [MY_TOKEN]');
    const lines = desk.batches.flat();
    expect(lines).toEqual(
      expect.arrayContaining(['The key is [MY_TOKEN]', 'debug: [MY_TOKEN]', 'not json [MY_TOKEN]']),
    );
  });
});

describe('the folder of a run', () => {
  it('is its own, for us alone, and never outside of its root', async () => {
    desk = openDesk();
    const texts = await Promise.all([
      desk.call('claude_code', '[[write mine.txt]][[read theirs.txt]]', {}, { workspaceKey: 'run-a' }),
      desk.call('claude_code', '[[write theirs.txt]][[read mine.txt]]', {}, { workspaceKey: 'run-b' }),
      desk.call('cursor', '[[read mine.txt]]', {}, { workspaceKey: '../../escape' }),
    ]);
    expect(texts.map(({ text }) => text)).toEqual([
      'wrote mine.txt\ntheirs.txt: nothing',
      'wrote theirs.txt\nmine.txt: nothing',
      'mine.txt: nothing',
    ]);
    const folders = desk.starts().map(({ cwd }) => cwd);
    expect(new Set(folders).size).toBe(3);
    for (const folder of folders) {
      expect(join(folder, '..')).toBe(desk.workspaces);
      expect(statSync(folder).mode & 0o777).toBe(0o700);
    }
  });

  it('is refused where somebody has put a link', async () => {
    desk = openDesk();
    mkdirSync(desk.workspaces, { recursive: true });
    symlinkSync(desk.dir, join(desk.workspaces, 'run-1'));
    await expect(desk.call('claude_code', 'x')).rejects.toThrow(/is a link/);
    expect(desk.starts()).toEqual([]);
  });
});

describe('a command of the operator', () => {
  it('may bring arguments, which go before ours', async () => {
    desk = openDesk();
    const claudeCodeCommand = `${join(desk.dir, 'bin', 'claude')} --permission-mode plan --max-turns 5`;
    const other = openDesk({ claudeCodeCommand });
    await other.call('claude_code', 'x').finally(() => other.close());
    await desk.close();
    desk = openDesk({ cursorCommand: 'cursor-agent --force' });
    await desk.call('cursor', 'x');
    expect(desk.starts()[0]?.args).toEqual(['--force', '-p', '--output-format', 'stream-json', '--trust']);
  });
});

describe('without anything to delegate to', () => {
  it('each tool is there and names what to set', async () => {
    desk = openDesk({ env: { PATH: '/nowhere' } });
    expect(desk.delegation.tools().map(({ name }) => name)).toEqual(['opencode', 'claude_code', 'cursor']);
    const words = await Promise.all(
      ['opencode', 'claude_code', 'cursor'].map(async (tool) => {
        const { isError, text } = await desk.call(tool, 'x');
        expect(isError).toBe(true);
        return text;
      }),
    );
    expect(words[0]).toMatch(/OpenCode is not configured: set OPENCODE_SIDECAR_URL/);
    expect(words[1]).toMatch(/Claude Code is not configured: install claude .* or set CLAUDE_CODE_COMMAND/);
    expect(words[2]).toMatch(/Cursor is not configured: install cursor-agent .* or set CURSOR_COMMAND/);
  });

  it('a command that is not there is named', async () => {
    desk = openDesk({ claudeCodeCommand: '/opt/none/claude' });
    expect((await desk.call('claude_code', 'x')).text).toMatch(/CLAUDE_CODE_COMMAND names \/opt\/none\/claude/);
  });
});
