import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import {
  CallToolRequestSchema,
  ErrorCode,
  ListToolsRequestSchema,
  McpError,
  type CallToolResult,
  type ServerNotification,
  type ServerRequest,
  type Tool,
} from '@modelcontextprotocol/sdk/types.js';
import type { OfferedTool, ToolHost } from '../../domain/tools/tool-host.ts';
import { takenByClients } from '../../domain/tools/mend-schema.ts';
import type { EffectView } from '../../contracts/effects.ts';
import { DELEGATE, type ToolResult } from '../../contracts/tools.ts';
import type { DatabaseDeps } from '../../domain/deps.ts';
import type { ApiDeps } from '../deps.ts';
import type { McpSessions, Served } from './sessions.ts';
import { type Principal, RequestError } from '../../contracts/request.ts';

/** What has become of a call: its result, or the job that it waits or runs in. */
interface CallOutcome {
  readonly jobId: string;
  /** Of the job, as under `GET /api/jobs/:jobId/status`. */
  readonly status: string;
  /** Absent while it waits for a human or runs on. */
  readonly result?: ToolResult | undefined;
  /** What the ledger says of a change. */
  readonly effect?: EffectView | undefined;
}

interface CallToolOptions {
  /** The client has cancelled, or is gone: nobody waits any more. */
  readonly signal: AbortSignal;
  readonly onProgress: ((message: string, share?: number) => void) | undefined;
}

/**
 * Calls a tool for a person under policy, ledger, approval and audit: the same as `POST /api/tools/:name/call`. The
 * servers here never run a provider's tool themselves. @throws RequestError in words for a person
 */
export type CallTool = (
  principal: Principal,
  toolName: string,
  args: Readonly<Record<string, unknown>>,
  options: CallToolOptions,
) => Promise<CallOutcome>;

/** Waits for the end of a call that was made before. @throws RequestError in words for a person */
type FollowCall = (principal: Principal, jobId: string, options: CallToolOptions) => Promise<CallOutcome>;

export interface McpDeps extends DatabaseDeps, Pick<ApiDeps, 'log' | 'mcpProgress'> {
  /** Says which tools there are; calls go through `callTool`. */
  readonly host: Pick<ToolHost, 'offer'>;
  readonly callTool: CallTool;
  readonly followCall: FollowCall;
  readonly sessions: McpSessions;
  /** Where people reach the product; requests must come to this host, or to this machine by its own names. */
  readonly publicUrl: string;
}

/** The accepted tools of a person's connections to one provider, or of one connection by its slug; none where none is in order. */
export async function toolsOf({ host }: Pick<McpDeps, 'host'>, served: Served): Promise<OfferedTool[]> {
  const { organizationId, userId } = served.principal;
  const { tools } = await host.offer({ organizationId, userId }, undefined);
  // Coding agents are not behind a connection, and are handed work where people see it.
  return tools.filter(
    ({ provider, slug }) => provider !== DELEGATE && (provider === served.provider || slug === served.provider),
  );
}

/** An MCP server over them. What it is asked to call goes the way of every call: policy, ledger, approval, audit. */
export function createOfferedServer(deps: McpDeps, served: Served): Server {
  const { provider } = served;
  // The SDK's McpServer wants zod schemas; these tools are known by the JSON schemas that were accepted.
  const server = new Server({ name: `nubabel-${provider}`, version: '1.0.0' }, { capabilities: { tools: {} } });
  server.setRequestHandler(ListToolsRequestSchema, async () => ({
    tools: [...(await toolsOf(deps, served)).map(toWire), FOLLOW_JOB],
  }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra) => {
    if (params.name === FOLLOW_JOB.name) return follow(deps, served.principal, params.arguments ?? {}, extra);
    const found = (await toolsOf(deps, served)).find(({ name }) => name === params.name);
    if (!found) throw new McpError(ErrorCode.InvalidParams, `There is no tool ${params.name.slice(0, 64)} here.`);
    return call(deps, served.principal, found.name, params.arguments ?? {}, extra);
  });
  return server;
}

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;

const call = (
  deps: McpDeps,
  principal: Principal,
  name: string,
  args: Readonly<Record<string, unknown>>,
  extra: Extra,
): Promise<CallToolResult> => answering(deps, name, extra, (options) => deps.callTool(principal, name, args, options));

/** How a client learns the outcome of a call that was not over when it was answered. */
const FOLLOW_JOB = {
  name: 'nubabel__followJob',
  title: 'Follow a call',
  description:
    'Waits for the end of an earlier call of yours that was answered with "waiting", and answers what the tool answered. ' +
    'Ask again while it is still waiting. It changes nothing and never repeats the call.',
  inputSchema: {
    type: 'object',
    properties: { jobId: { type: 'string', description: 'The jobId of the earlier answer.' } },
    required: ['jobId'],
    additionalProperties: false,
  },
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
} satisfies Tool;

const follow = (
  deps: McpDeps,
  principal: Principal,
  { jobId }: Readonly<Record<string, unknown>>,
  extra: Extra,
): Promise<CallToolResult> =>
  answering(deps, FOLLOW_JOB.name, extra, (options) =>
    deps.followCall(principal, typeof jobId === 'string' ? jobId : '', options),
  );

async function answering(
  { log, mcpProgress, publicUrl }: McpDeps,
  name: string,
  extra: Extra,
  ask: (options: CallToolOptions) => Promise<CallOutcome>,
): Promise<CallToolResult> {
  try {
    return toCallResult(await ask({ signal: extra.signal, onProgress: mcpProgress(extra) }), publicUrl);
  } catch (error) {
    if (error instanceof RequestError) return { content: [{ type: 'text', text: error.message }], isError: true };
    log.error({ err: error, tool: name }, 'a tool call over MCP failed');
    throw new McpError(ErrorCode.InternalError, 'The call failed on our side and is logged. Look before trying again.');
  }
}

/** A call that is not over: no failure, and no answer of the tool's either. */
function toCallResult({ jobId, status, result, effect }: CallOutcome, publicUrl: string): CallToolResult {
  if (result) {
    const { text, data, isError } = result;
    const isUnknown = effect?.state === 'UNKNOWN' || effect?.state === 'PENDING';
    return {
      content: [{ type: 'text', text }, ...(isUnknown ? [{ type: 'text' as const, text: UNKNOWN_OUTCOME }] : [])],
      ...(data && { structuredContent: data }),
      isError: isError || isUnknown,
      _meta: { [JOB_META]: jobId, ...(effect && { [EFFECT_META]: shownOf(effect) }) },
    };
  }
  const waiting = {
    status,
    jobId,
    message:
      status === 'awaiting_approval'
        ? `Nothing is changed yet: a person has to approve this first. Job ${jobId} continues automatically after that; do not call again. ${HOW_TO_FOLLOW}`
        : `The call is still under way in job ${jobId}. Do not call again. ${HOW_TO_FOLLOW}`,
    jobUrl: `${publicUrl}/api/jobs/${jobId}/status`,
  };
  return {
    content: [{ type: 'text', text: `${waiting.message} It is followed at ${waiting.jobUrl}.` }],
    structuredContent: { waiting },
    isError: false,
    _meta: { [JOB_META]: jobId },
  };
}

const HOW_TO_FOLLOW = `The outcome is told by ${FOLLOW_JOB.name} with this jobId.`;
const UNKNOWN_OUTCOME =
  'It could not be confirmed whether this change has happened. Look there before anything is tried again; do not repeat the call.';

/** Where a result's `_meta` names its job. */
const JOB_META = 'nubabel/job';
/** Where it says what has become of a change. */
const EFFECT_META = 'nubabel/effect';
const shownOf = ({ key, state, settledBy, resource, undo }: EffectView) => ({ key, state, settledBy, resource, undo });

const WAITING_SCHEMA = {
  type: 'object',
  description: 'The call is not over: it waits for a person, or runs on.',
  properties: {
    waiting: {
      type: 'object',
      properties: Object.fromEntries(
        ['status', 'jobId', 'message', 'jobUrl'].map((name) => [name, { type: 'string' }]),
      ),
      required: ['status', 'jobId', 'message', 'jobUrl'],
    },
  },
  required: ['waiting'],
};

/** A tool as it is listed; clients check results against its schema, so that says of calls that wait too. */
function toWire({ name, definition }: OfferedTool): Tool {
  const { title, description, inputSchema, outputSchema, annotations } = definition;
  return {
    name,
    ...(title !== undefined && { title }),
    description,
    inputSchema: { ...takenByClients(inputSchema), type: 'object' },
    ...(outputSchema && { outputSchema: { type: 'object', anyOf: [withoutDialect(outputSchema), WAITING_SCHEMA] } }),
    annotations,
  };
}

/** The dialect is said at the root of a schema only. */
const withoutDialect = (schema: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(schema).filter(([key]) => key !== '$schema'));
