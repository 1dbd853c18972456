import type { ToolResult } from '../../contracts/tools.ts';
import { ToolCallError } from '../../domain/tools/tool-ports.ts';
import { argumentsFor, inputFor, notInstalled, type CodingAgent, findCommand, type Command } from './coding-agents.ts';
import type { DelegationCall } from '../../domain/delegation/delegation-port.ts';
import type { Boundary } from './boundary.ts';
import { openEgressProxy } from './egress-proxy.ts';
import { createLogBatches, type Redact } from './agent-log.ts';
import { runProcess, type ProcessEnd } from './run-process.ts';
import { readAgentEvent, type AgentResult } from './stream-json.ts';
import { toProblem, toToolResult, type CommandLineArguments } from './tools.ts';
import type { Workspaces } from './workspaces.ts';

interface CommandLineDeps {
  /** The operator's command; undefined: what is on the PATH. */
  readonly command: string | undefined;
  /** All that the agent sees of our environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly redact: Redact;
  readonly workspaces: Workspaces;
  readonly boundary: Boundary;
  /** Hosts besides its model API that it may reach. */
  readonly allowedHosts: readonly string[];
  /** Longest run, ms. */
  readonly timeoutMs: number;
  readonly onError: (error: unknown) => void;
  /** What a stopped agent may still do, ms. */
  readonly graceMs?: number;
  readonly logEveryMs?: number;
}

type Call = (args: CommandLineArguments, options: DelegationCall) => Promise<ToolResult>;

/** Runs one coding agent's command line behind the boundary, a folder for each run. @throws ToolCallError when it is cancelled. */
export function createCommandLine(agent: CodingAgent, deps: CommandLineDeps): Call {
  /** Folders in which an agent is at work. */
  const busy = new Set<string>();
  return async (args, options) => {
    const command = await findCommand(deps.command ?? agent.command, deps.env['PATH'] ?? '');
    if (!command) return toProblem(notInstalled(agent, deps.command));
    const problem = await deps.boundary.problem();
    if (problem !== undefined)
      return toProblem(
        `${agent.title} was not started: it runs only where it can be kept away from Nubabel's own files and keys, and ${problem}`,
      );
    const key = await keyFor(agent, deps.workspaces, args, options);
    if (key === undefined)
      return toProblem(
        `${agent.title} has no session ${args.sessionId} here to go on with: leave sessionId out and say the whole task.`,
      );
    if (busy.has(key)) return toProblem(`${agent.title} is at work in that session; try again when it has answered.`);
    busy.add(key);
    try {
      return await work({ agent, deps, command, key, args, options });
    } finally {
      busy.delete(key);
    }
  };
}

/** A session goes on in the folder where it began: there are its files, and there the agent looks for it. */
async function keyFor(
  { tool }: CodingAgent,
  workspaces: Workspaces,
  { sessionId }: CommandLineArguments,
  { workspaceKey, organizationId }: DelegationCall,
): Promise<string | undefined> {
  return sessionId === undefined ? workspaceKey : workspaces.find({ organizationId, tool, sessionId });
}

interface Work {
  readonly agent: CodingAgent;
  readonly deps: CommandLineDeps;
  readonly command: Command;
  readonly key: string;
  readonly args: CommandLineArguments;
  readonly options: DelegationCall;
}

/** What a run has reported so far. */
interface RunReport {
  sessionId: string | undefined;
  model: string | undefined;
  result: AgentResult | undefined;
}

async function work({ agent, deps, command, key, args, options }: Work): Promise<ToolResult> {
  const { redact, workspaces } = deps;
  const log = createLogBatches({ onLog: options.onLog, onError: deps.onError, everyMs: deps.logEveryMs });
  const report: RunReport = { sessionId: undefined, model: undefined, result: undefined };
  const began = performance.now();
  const timeoutMs = Math.min(deps.timeoutMs, options.timeoutMs);
  const behind = { file: command.file, args: argumentsFor(agent, command.args, args) };
  const proxy = await openProxy(agent, deps, (line) => log.add([redact(line)]));
  const running = async () =>
    runProcess({
      ...(await deps.boundary.around(behind, await workspaces.open(key), proxy)),
      env: deps.env,
      input: inputFor(args),
      timeoutMs,
      signal: options.signal,
      graceMs: deps.graceMs,
      onLine(line) {
        const event = readAgentEvent(line);
        report.sessionId = event?.sessionId ?? report.sessionId;
        report.model ??= event?.model;
        report.result = event?.result ?? report.result;
        log.add((event?.log ?? [line]).map(redact));
      },
      onErrorLine: (line) => log.add([redact(line)]),
    });
  const end = await running().finally(() => proxy.close());
  await log.close();
  const { organizationId } = options;
  const { sessionId, result } = report;
  if (sessionId) await workspaces.remember({ organizationId, tool: agent.tool, sessionId }, key);
  if (!result && end.stopped === 'cancelled')
    throw new ToolCallError('cancelled', `${agent.title} was stopped; what it had done by then stays done.`);
  return toToolResult({
    status: result && !result.failed ? 'success' : 'failed',
    output: redact(result?.text ?? withoutResult(agent, end, timeoutMs, sessionId)),
    sessionId: sessionId ?? null,
    model: report.model ?? null,
    durationMs: Math.round(performance.now() - began),
    costCents: result?.costCents ?? null,
    inputTokens: result?.inputTokens ?? null,
    outputTokens: result?.outputTokens ?? null,
  });
}

/** Its way to its model API and to what the operator allows, and to nothing else. */
function openProxy(
  { title, modelHosts, baseUrl }: CodingAgent,
  { env, allowedHosts }: CommandLineDeps,
  onLine: (line: string) => void,
) {
  const given = baseUrl === undefined ? undefined : env[baseUrl];
  return openEgressProxy({
    baseUrl: given,
    hosts: [...(given === undefined ? modelHosts : []), ...allowedHosts],
    onRefused: (target) =>
      onLine(
        `${title} was kept from ${target}: DELEGATION_ALLOWED_HOSTS does not allow it, or it is not on the public internet.`,
      ),
  });
}

/** Why a run that began has no result, in words; what it did until then stays done. */
function withoutResult({ title }: CodingAgent, end: ProcessEnd, timeoutMs: number, sessionId?: string): string {
  const goOn = sessionId ? ` Session ${sessionId} can go on from there.` : '';
  if (end.error !== undefined) return `${title} could not be started: ${end.error}`;
  if (end.stopped === 'timeout') return `${title} was stopped after ${Math.round(timeoutMs / 1_000)} s.${goOn}`;
  if (end.stopped === 'too_much_output') return `${title} was stopped because it wrote without end.${goOn}`;
  const how = end.code === null ? `by ${end.signal ?? 'a signal'}` : `with code ${end.code}`;
  const errors = end.errors.trim();
  return `${title} ended ${how} before it gave a result.${errors ? `\n${errors}` : ''}${goOn}`;
}
