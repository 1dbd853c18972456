import { join } from 'node:path';
import { z } from 'zod';
import type { DelegationTool, ToolResult } from '../../contracts/tools.ts';
import type { Delegation } from '../../domain/delegation/delegation-port.ts';
import { createBoundary } from './boundary.ts';
import { CLAUDE_CODE, CURSOR, type CodingAgent, findCommand } from './coding-agents.ts';
import { createCommandLine } from './command-line.ts';
import { createRedaction } from './agent-log.ts';
import { createSidecar, NOT_CONFIGURED } from './sidecar.ts';
import {
  CommandLineArguments,
  DELEGATION_DEFINITIONS,
  isDelegationTool,
  SidecarArguments,
  toProblem,
} from './tools.ts';
import { createWorkspaces } from './workspaces.ts';

export interface DelegationDeps {
  /** The OpenCode sidecar; undefined: there is none. */
  readonly sidecarUrl: string | undefined;
  /** One task there with all tries, ms. */
  readonly sidecarTimeoutMs: number;
  /** Programs of the operator's choice; undefined: what is on the PATH. */
  readonly claudeCodeCommand: string | undefined;
  readonly cursorCommand: string | undefined;
  /** Longest run of a command line, ms. */
  readonly timeoutMs: number;
  /** All that a command line sees of our environment: PATH, HOME, LANG and what the operator has named. */
  readonly env: Readonly<Record<string, string>>;
  /** Hosts besides their model API that command lines may reach: `host`, `host:port` or `*.host`. */
  readonly allowedHosts: readonly string[];
  /** `workspaces/<key>` in it are the folders of the runs. */
  readonly dataDir: string;
  /** Failures beside the work, such as log lines that could not be stored. */
  readonly onError: (error: unknown) => void;
  /** For tests that cannot wait: what an agent may still do after a stop, and between two batches of log lines, ms. */
  readonly graceMs?: number;
  readonly logEveryMs?: number;
  readonly now?: () => number;
  /** For tests of systems that are not here. */
  readonly platform?: NodeJS.Platform;
}

/** What every process has; only the rest of the environment can be secret. */
const NOT_SECRET = ['PATH', 'HOME', 'LANG'];

/** All coding agents of one worker. Nothing is started before the first call. */
export function createDelegation(deps: DelegationDeps): Delegation {
  const { sidecarUrl, env, onError, logEveryMs, allowedHosts, timeoutMs, graceMs } = deps;
  const secrets = Object.fromEntries(Object.entries(env).filter(([name]) => !NOT_SECRET.includes(name)));
  const shared = { redact: createRedaction(secrets), onError, logEveryMs };
  const workspaces = createWorkspaces(join(deps.dataDir, 'workspaces'));
  const boundary = createBoundary({ dataDir: deps.dataDir, env, platform: deps.platform });
  const machine = { env, workspaces, boundary, allowedHosts, timeoutMs, graceMs };
  const commandLine = (agent: CodingAgent, command: string | undefined) =>
    createCommandLine(agent, { ...shared, ...machine, command });
  const sidecar = sidecarUrl
    ? createSidecar({
        ...shared,
        url: sidecarUrl,
        timeoutMs: deps.sidecarTimeoutMs,
        now: deps.now ?? (() => performance.now()),
      })
    : undefined;
  const claudeCode = commandLine(CLAUDE_CODE, deps.claudeCodeCommand);
  const cursor = commandLine(CURSOR, deps.cursorCommand);
  const runs: Readonly<Record<DelegationTool, Delegation['call']>> = {
    opencode: async (_tool, args, options) =>
      sidecar
        ? withArguments(SidecarArguments, args, (given) => sidecar.call(given, options))
        : toProblem(NOT_CONFIGURED),
    claude_code: (_tool, args, options) =>
      withArguments(CommandLineArguments, args, (given) => claudeCode(given, options)),
    cursor: (_tool, args, options) => withArguments(CommandLineArguments, args, (given) => cursor(given, options)),
  };
  return {
    tools: () => DELEGATION_DEFINITIONS,
    available: rememberFor(AVAILABLE_MS, deps.now ?? (() => performance.now()), async () => {
      const path = deps.env['PATH'] ?? '';
      const found = async (tool: DelegationTool, setting: string) =>
        (await findCommand(setting, path)) && (await boundary.problem()) === undefined ? [tool] : [];
      return [
        ...(sidecarUrl ? (['opencode'] as const) : []),
        ...(await found('claude_code', deps.claudeCodeCommand ?? CLAUDE_CODE.command)),
        ...(await found('cursor', deps.cursorCommand ?? CURSOR.command)),
      ];
    }),
    close: async () => sidecar?.close(),
    call: async (tool, args, options) =>
      isDelegationTool(tool) ? runs[tool](tool, args, options) : toProblem(`There is no tool ${tool} to delegate to.`),
  };
}

/** Programs come and go; they are looked for again after this, ms. */
const AVAILABLE_MS = 60_000;

function rememberFor<T>(ms: number, now: () => number, ask: () => Promise<T>): () => Promise<T> {
  let known: { readonly at: number; readonly answer: Promise<T> } | undefined;
  return () => {
    if (!known || now() - known.at > ms) known = { at: now(), answer: ask() };
    return known.answer;
  };
}

/** Arguments that do not fit are a result, so that the caller can correct them. */
async function withArguments<T extends z.ZodType>(
  schema: T,
  args: Readonly<Record<string, unknown>>,
  run: (given: z.infer<T>) => Promise<ToolResult>,
): Promise<ToolResult> {
  const given = schema.safeParse(args);
  return given.success ? run(given.data) : toProblem(`The arguments do not fit:\n${z.prettifyError(given.error)}`);
}
