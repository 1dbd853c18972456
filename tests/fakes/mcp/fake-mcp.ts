import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isRecord, listen, parseObject, readBody } from '../../../dev/fakes/http-server.ts';
import { openJournal, type JournalOptions } from '../../../dev/fakes/journal.ts';
import { openStream, sendListChanged, sendReply } from './answer.ts';
import type { FakeMcpLine, FakeReply, FakeTool } from './types.ts';

export interface FakeMcpOptions extends JournalOptions {
  readonly tools?: readonly FakeTool[];
  /** Tools on one page of the list. */
  readonly pageSize?: number;
  /** Only requests with this header are served; others are answered 401. */
  readonly authorization?: string;
  readonly port?: number;
}

/** What a tool does; without a rule for it, it answers with its arguments as text. */
export type FakeCall = (args: Record<string, unknown>, tool: string) => FakeReply;

export interface FakeMcp {
  /** The endpoint. */
  readonly url: string;
  readonly log: readonly FakeMcpLine[];
  /** Calls of tools that were heard, in order. */
  readonly calls: () => readonly { readonly tool: string; readonly params: Record<string, unknown> }[];
  /** Replaces the list; those who listen are told when asked for. */
  setTools(tools: readonly FakeTool[], options?: { readonly tell?: boolean }): void;
  setCall(call: FakeCall): void;
  /** Answers the next so many messages of a method like this, whatever the rules say. */
  failNext(method: string, reply: FakeReply, times?: number): void;
  /** Forgets all sessions: they are answered 404 from now on. */
  expireSessions(): void;
  /** Whether somebody listens for news. */
  listeners(): number;
  close(): Promise<void>;
}

const PROTOCOL = '2025-11-25';

/** An MCP server over Streamable HTTP that does what a test tells it to, also what no server should. */
export async function createFakeMcp(options: FakeMcpOptions = {}): Promise<FakeMcp> {
  const journal = openJournal<FakeMcpLine>(options);
  const stage: Stage = {
    options,
    sessions: new Set(),
    streams: new Set(),
    failures: [],
    tools: options.tools ?? [],
    call: (args) => ({ result: { content: [{ type: 'text', text: JSON.stringify(args) }] } }),
    hear: (req, heard) => journal.append({ ...lineOf(req), ...heard }),
  };
  const server = await listen(
    (req, res) => (req.method === 'POST' ? answerPost(stage, req, res) : answerOther(stage, req, res)),
    options.port,
  );
  return {
    url: `${server.url}/mcp`,
    log: journal.lines,
    calls: () =>
      journal.lines
        .filter(({ method, served }) => method === 'tools/call' && served)
        .map(({ params }) => ({ tool: String(params?.name), params: params ?? {} })),
    setTools(tools, { tell = false } = {}) {
      stage.tools = tools;
      if (tell) stage.streams.forEach(sendListChanged);
    },
    setCall: (call) => void (stage.call = call),
    failNext: (method, reply, times = 1) => void stage.failures.push({ method, reply, times }),
    expireSessions: () => stage.sessions.clear(),
    listeners: () => stage.streams.size,
    async close() {
      await server.close();
      journal.close();
    },
  };
}

interface Stage {
  readonly options: FakeMcpOptions;
  readonly sessions: Set<string>;
  readonly streams: Set<ServerResponse>;
  readonly failures: { readonly method: string; readonly reply: FakeReply; times: number }[];
  tools: readonly FakeTool[];
  call: FakeCall;
  hear(req: IncomingMessage, heard: Pick<FakeMcpLine, 'method' | 'params' | 'served'>): void;
}

async function answerPost(stage: Stage, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const message = parseObject((await readBody(req)) ?? '') ?? {};
  const method = String(message.method);
  const params = isRecord(message.params) ? message.params : {};
  const opens = method === 'initialize';
  const turnedAway = statusAgainst(stage, req, opens);
  stage.hear(req, { method, params, served: turnedAway === undefined });
  if (turnedAway !== undefined) return void res.writeHead(turnedAway).end();
  const failure = stage.failures.find((one) => one.method === method && one.times > 0);
  if (failure) failure.times--;
  if (!('id' in message) && !failure) return void res.writeHead(202).end();
  const session = opens ? randomUUID() : undefined;
  if (session !== undefined) stage.sessions.add(session);
  const progressToken = isRecord(params._meta) ? params._meta.progressToken : undefined;
  sendReply(res, { id: message.id, progressToken, session }, failure?.reply ?? byTheRules(stage, method, params));
}

function statusAgainst({ options, sessions }: Stage, req: IncomingMessage, opens: boolean): number | undefined {
  if (options.authorization !== undefined && req.headers.authorization !== options.authorization) return 401;
  return opens || sessions.has(sessionOf(req) ?? '') ? undefined : 404;
}

async function answerOther(stage: Stage, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const session = sessionOf(req) ?? '';
  const served = stage.sessions.has(session);
  stage.hear(req, { method: null, params: null, served });
  if (!served) return void res.writeHead(404).end();
  if (req.method === 'DELETE') {
    stage.sessions.delete(session);
    return void res.writeHead(200).end();
  }
  openStream(res);
  stage.streams.add(res);
  res.on('close', () => stage.streams.delete(res));
}

const initialized = {
  protocolVersion: PROTOCOL,
  capabilities: { tools: { listChanged: true } },
  serverInfo: { name: 'fake-mcp', version: '1.0.0' },
};

function byTheRules({ tools, call, options }: Stage, method: string, params: Record<string, unknown>): FakeReply {
  if (method === 'initialize') return { result: initialized };
  if (method === 'tools/list') return { result: pageOf(tools, params.cursor, options.pageSize) };
  if (method === 'ping') return { result: {} };
  if (method !== 'tools/call') return { error: { code: -32601, message: `There is no ${method}.` } };
  const tool = String(params.name);
  return tools.some(({ name }) => name === tool)
    ? call(isRecord(params.arguments) ? params.arguments : {}, tool)
    : { error: { code: -32602, message: `There is no tool ${tool}.` } };
}

const sessionOf = (req: IncomingMessage): string | undefined => req.headers['mcp-session-id']?.toString();

const lineOf = (req: IncomingMessage) => ({
  http: `${req.method} ${req.url}`,
  session: sessionOf(req) ?? null,
  authorization: req.headers.authorization ?? null,
});

function pageOf(tools: readonly FakeTool[], cursor: unknown, size = tools.length): Record<string, unknown> {
  const from = typeof cursor === 'string' ? Number(cursor) : 0;
  const page = tools.slice(from, from + size).map((tool) => ({ inputSchema: { type: 'object' }, ...tool }));
  return { tools: page, ...(from + size < tools.length && { nextCursor: String(from + size) }) };
}
