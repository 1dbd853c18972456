import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';

/** One start of a fake, a line in `$HOME/.fake-coding-agents.jsonl`. */
export interface AgentStart {
  readonly agent: string;
  readonly pid: number;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly prompt: string;
}

export interface FakeDialect {
  readonly agent: string;
  readonly model: string;
  /** Words that say that the flags are not those that the real one needs; undefined when they are. */
  refuse(args: readonly string[]): string | undefined;
  /** A use of a tool and what came of it, as events. */
  tool(name: string, input: Record<string, unknown>, output: string, ids: { session: string }): object[];
  say(words: string, ids: { session: string }): object;
  result(words: string, failed: boolean, ids: { session: string }): object;
}

const { stdout, stderr, env } = process;
const tell = (event: object) => stdout.write(`${JSON.stringify(event)}\n`);
const forever = () => setInterval(() => {}, 60_000);

/** Plays an agent: whatever stands in double brackets in the prompt is done, one after the other. */
export async function playAgent(dialect: FakeDialect): Promise<void> {
  const args = process.argv.slice(2);
  const { values } = parseArgs({
    strict: false,
    options: { resume: { type: 'string' }, model: { type: 'string' } },
  });
  const { resume: resumed, model = dialect.model } = values as { resume?: string; model?: string };
  const prompt = await text(process.stdin);
  const home = env['HOME'] ?? '.';
  const start: AgentStart = {
    agent: dialect.agent,
    pid: process.pid,
    args,
    cwd: process.cwd(),
    env: Object.fromEntries(Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined)),
    prompt,
  };
  appendFileSync(join(home, '.fake-coding-agents.jsonl'), `${JSON.stringify(start)}\n`);
  const wrong = dialect.refuse(args) ?? (prompt.trim() === '' ? 'No prompt provided for print mode' : undefined);
  if (wrong) return fail(wrong);
  // Like the real ones, sessions are kept per folder.
  const sessions = join(home, '.fake-sessions', encodeURIComponent(process.cwd()));
  if (resumed && !existsSync(join(sessions, resumed))) return fail(`No conversation found with session ID: ${resumed}`);
  const ids = { session: resumed ?? randomUUID() };
  mkdirSync(sessions, { recursive: true });
  writeFileSync(join(sessions, ids.session), prompt);
  tell({
    type: 'system',
    subtype: 'init',
    cwd: process.cwd(),
    session_id: ids.session,
    model,
    permissionMode: 'default',
  });
  tell(dialect.say('I will look at it.', ids));
  const said: string[] = [];
  for (const [, word = '', rest = ''] of prompt.matchAll(/\[\[([\w-]+)\s*(.*?)\]\]/g)) {
    const outcome = await act(word, rest, dialect, ids);
    if (outcome === 'stay') return;
    said.push(outcome);
  }
  const failed = prompt.includes('[[fail]]');
  tell(dialect.result(said.filter(Boolean).join('\n') || 'All done.', failed, ids));
  process.exitCode = failed ? 1 : 0;
}

function fail(words: string): void {
  stderr.write(`${words}\n`);
  process.exitCode = 1;
}

/** What one order makes the agent do; `stay`: it never ends by itself. */
async function act(word: string, rest: string, dialect: FakeDialect, ids: { session: string }): Promise<string> {
  const use = (name: string, input: Record<string, unknown>, output: string) =>
    dialect.tool(name, input, output, ids).forEach(tell);
  switch (word) {
    case 'say':
      tell(dialect.say(rest, ids));
      return rest;
    case 'write':
      writeFileSync(rest, 'written');
      use('Write', { file_path: rest, content: 'written' }, 'File created');
      return `wrote ${rest}`;
    case 'read': {
      const found = existsSync(rest) ? readFileSync(rest, 'utf8') : 'nothing';
      use('Read', { file_path: rest }, found);
      return `${rest}: ${found}`;
    }
    case 'leak':
      tell(dialect.say(`The key is ${env[rest]}`, ids));
      stderr.write(`debug: ${env[rest]}\n`);
      stdout.write(`not json ${env[rest]}\n`);
      return `I used ${env[rest]}`;
    case 'flood':
      for (let line = 1; line <= Number(rest); line++)
        if (!tell(dialect.say(`line ${line}`, ids))) await new Promise((resolve) => stdout.once('drain', resolve));
      return 'flooded';
    case 'long-line':
      stdout.write(`${'x'.repeat(Number(rest))}\n`);
      return 'long';
    case 'big-result':
      return 'r'.repeat(Number(rest));
    case 'crash':
      stderr.write('Segmentation fault, so to speak\n');
      return process.exit(Number(rest) || 139);
    case 'child':
      spawnSleeper(false);
      return 'has a child';
    case 'detached-child':
      spawnSleeper(true);
      return 'has a child of its own group';
    case 'ignore-sigterm':
      process.on('SIGTERM', () => {});
      return '';
    case 'hang':
      forever();
      return 'stay';
    default:
      return '';
  }
}

/** A program that the agent leaves running; its pid is told in a file. */
function spawnSleeper(detached: boolean): void {
  const code = "process.on('SIGTERM', () => {}); setInterval(() => {}, 60000)";
  const child = spawn(process.execPath, ['-e', code], { detached, stdio: 'ignore' });
  child.unref();
  appendFileSync('children.txt', `${child.pid}\n`);
}
