import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join, sep } from 'node:path';
import type { DelegationTool } from '../../contracts/tools.ts';
import type { CommandLineArguments } from './tools.ts';

/** A coding agent that runs as a command line and speaks `stream-json`. */
export interface CodingAgent {
  readonly tool: DelegationTool;
  readonly title: string;
  /** What it is called on the PATH. */
  readonly command: string;
  /** The variable that names another one. */
  readonly setting: string;
  /** How to get it. */
  readonly install: string;
  /** Where its model API is, unless the operator's `baseUrl` says otherwise; as in DELEGATION_ALLOWED_HOSTS. */
  readonly modelHosts: readonly string[];
  /** The variable that names another address of its model API. */
  readonly baseUrl: string | undefined;
  /** Its flags, in groups; a group whose first word the operator's own command has already is left out. */
  readonly flags: readonly (readonly string[])[];
}

/**
 * The prompt comes over standard input with both. Claude Code without a permission mode refuses to write files;
 * `acceptEdits` lets it, in its folder. Cursor proposes changes until it is told `--force`, and asks whether to trust a
 * folder that it has not seen. Anything looser is the operator's to add to the command.
 */
export const CLAUDE_CODE: CodingAgent = {
  tool: 'claude_code',
  title: 'Claude Code',
  command: 'claude',
  setting: 'CLAUDE_CODE_COMMAND',
  install: 'npm install -g @anthropic-ai/claude-code',
  modelHosts: ['api.anthropic.com'],
  baseUrl: 'ANTHROPIC_BASE_URL',
  flags: [['-p'], ['--output-format', 'stream-json'], ['--verbose'], ['--permission-mode', 'acceptEdits']],
};
export const CURSOR: CodingAgent = {
  tool: 'cursor',
  title: 'Cursor',
  command: 'cursor-agent',
  setting: 'CURSOR_COMMAND',
  install: 'https://cursor.com/cli',
  // https://cursor.com/docs/enterprise/network-configuration
  modelHosts: ['*.cursor.sh'],
  baseUrl: undefined,
  flags: [['-p'], ['--output-format', 'stream-json'], ['--trust']],
};

/** `own`: the arguments that the operator's command brings. */
export function argumentsFor({ flags }: CodingAgent, own: readonly string[], args: CommandLineArguments): string[] {
  return [
    ...own,
    ...flags.filter(([flag]) => flag === undefined || !own.includes(flag)).flat(),
    ...(args.model ? ['--model', args.model] : []),
    ...(args.sessionId ? ['--resume', args.sessionId] : []),
  ];
}

/** What is written to its input. */
export const inputFor = ({ prompt, skills = [] }: CommandLineArguments): string =>
  skills.length > 0 ? `Use these skills: ${skills.join(', ')}.\n\n${prompt}` : prompt;

export const notInstalled = ({ title, command, setting, install }: CodingAgent, given: string | undefined): string =>
  given
    ? `${title} is not configured: ${setting} names ${given}, and there is no such program on the worker's machine.`
    : `${title} is not configured: install ${command} on the machine of the worker (${install}), or set ${setting} to its path.`;

/** A program with the arguments that always come first. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
}

/**
 * The program that a setting names: a path, also one with spaces, or a name on `path`, perhaps with arguments after
 * it, parted by spaces. Undefined when there is no such program that may be run. No shell is asked.
 */
export async function findCommand(setting: string, path: string): Promise<Command | undefined> {
  const whole = await locate(setting, path);
  if (whole) return { file: whole, args: [] };
  const [name = '', ...args] = setting.split(/\s+/);
  const file = await locate(name, path);
  return file === undefined ? undefined : { file, args };
}

async function locate(name: string, path: string): Promise<string | undefined> {
  const hasFolder = isAbsolute(name) || name.includes(sep);
  const places = hasFolder ? [name] : path.split(delimiter).map((folder) => folder && join(folder, name));
  for (const place of places) if (isAbsolute(place) && (await isProgram(place))) return place;
  return undefined;
}

const isProgram = async (file: string): Promise<boolean> => {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
};
