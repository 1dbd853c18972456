import { z } from 'zod';
import {
  DELEGATION_TOOLS,
  DelegationOutput,
  type DelegationTool,
  type ToolDefinition,
  type ToolResult,
} from '../../contracts/tools.ts';

/** Characters of one task: the OpenCode bridge documents 10,000, the command lines read theirs from a pipe. */
const SIDECAR_PROMPT_CHARS = 10_000;
const PROMPT_CHARS = 100_000;
/** The OpenCode bridge takes four. */
const MAX_SKILLS = 4;

/** Ids travel as arguments of a command line, so they never look like an option. */
const SessionId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,199}$/, 'is no session id')
  .describe('Goes on with an earlier session: the sessionId that an earlier call answered.');
const Skills = z
  .array(z.string().regex(/^[A-Za-z0-9][\w.:-]{0,63}$/, 'is no name of a skill'))
  .max(MAX_SKILLS)
  .describe('Names of skills it should use.');
const prompt = (most: number) =>
  z.string().trim().min(1).max(most).describe('The whole task: it sees nothing of this conversation.');

export const SidecarArguments = z.object({
  prompt: prompt(SIDECAR_PROMPT_CHARS),
  category: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,63}$/)
    .optional()
    .describe(
      'What kind of work it is, which decides the model: quick, writing, artistry, visual-engineering, ultrabrain, ' +
        'unspecified-low (when left out) or unspecified-high.',
    ),
  skills: Skills.optional(),
  sessionId: SessionId.optional(),
});
export type SidecarArguments = z.infer<typeof SidecarArguments>;

export const CommandLineArguments = z.object({
  prompt: prompt(PROMPT_CHARS),
  skills: Skills.optional(),
  sessionId: SessionId.optional(),
  model: z
    .string()
    .regex(/^[A-Za-z0-9][\w.:/@[\]-]{0,99}$/, 'is no name of a model')
    .optional()
    .describe('The model to use; its own choice when left out.'),
});
export type CommandLineArguments = z.infer<typeof CommandLineArguments>;

/** Output beyond this is cut: it goes to a model, and into a row. */
const MAX_OUTPUT_CHARS = 100_000;

export const isDelegationTool = (name: string): name is DelegationTool =>
  DELEGATION_TOOLS.some((tool) => tool === name);

const define = (name: DelegationTool, title: string, description: string, input: z.ZodType): ToolDefinition => ({
  name,
  title,
  description,
  inputSchema: z.toJSONSchema(input, { io: 'input' }),
  outputSchema: z.toJSONSchema(DelegationOutput),
  // It edits in a folder of its own, but what it runs there may reach whatever the operator allows: the worst that it may do.
  annotations: { title, readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
});

const OWN_FOLDER = 'It works in an empty folder of its own, which a later call with the same sessionId finds again.';

/** The tools as agents, REST and plans see them. */
export const DELEGATION_DEFINITIONS: readonly ToolDefinition[] = [
  define(
    'opencode',
    'OpenCode',
    'Hands a coding task to OpenCode, which works on it with tools of its own and answers when it is done.',
    SidecarArguments,
  ),
  define(
    'claude_code',
    'Claude Code',
    `Hands a coding task to the Claude Code command line, which reads, writes and runs code until it is done. ${OWN_FOLDER}`,
    CommandLineArguments,
  ),
  define(
    'cursor',
    'Cursor',
    `Hands a coding task to the Cursor command line, which reads, writes and runs code until it is done. ${OWN_FOLDER}`,
    CommandLineArguments,
  ),
];

export function toToolResult(output: DelegationOutput): ToolResult {
  const cut = output.output.length > MAX_OUTPUT_CHARS;
  const text = cut ? `${output.output.slice(0, MAX_OUTPUT_CHARS)}\n… (cut)` : output.output;
  return { text, data: { ...output, output: text }, isError: output.status === 'failed' };
}

/** A call that could not even begin, in words that say what to do. */
export const toProblem = (text: string): ToolResult => ({ text, isError: true });
