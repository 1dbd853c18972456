import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import type { OrganizationEvent } from '../../contracts/events.ts';
import type { JobStatus, OrchestrateRequest, SessionView } from '../../contracts/orchestration.ts';
import type { Problem } from '../../contracts/request.ts';
import type { Me } from '../../web/api/shapes.ts';
import { answerConnections, createConnections } from './scripted-connections.ts';
import { TRAINED_AGENTS } from '../../contracts/agents.ts';
import { agentName } from '../../contracts/phases.ts';

export const TOKEN = 'a-token-for-tests';
const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};
const POLICY = "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; connect-src 'self'";

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly lastEventId: string | undefined;
  readonly body: unknown;
}

/** A product whose jobs move only when a test says so; it speaks the REST and event contract and keeps what it was asked. */
export async function openScriptedNubabel(webDir = 'dist/web') {
  const state = createState(webDir);
  const server = createServer((req, res) => void answer(state, req, res));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    ...state,
    url: `http://127.0.0.1:${port}`,
    /** A job as it stands; tests change it through `happen`. */
    job: (jobId: string): JobStatus => state.jobs.get(jobId) ?? fail(`no job ${jobId}`),
    /** Writes the change, then tells every open stream. */
    happen(jobId: string, type: OrganizationEvent['type'], change: Partial<JobStatus>): void {
      const job = { ...(state.jobs.get(jobId) ?? fail(`no job ${jobId}`)), ...change };
      state.jobs.set(jobId, job);
      const { sessionId, status, progress, step } = job;
      const at = new Date().toISOString();
      const event = { id: state.events.length + 1, type, at, jobId, sessionId, status, progress, step };
      state.events.push(event);
      for (const stream of state.streams) stream.send(event);
    },
    /** Cuts every open stream, as a lost connection does. */
    dropStreams(): void {
      for (const stream of state.streams) stream.response.destroy();
    },
    async close(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
export type ScriptedNubabel = Awaited<ReturnType<typeof openScriptedNubabel>>;

type Refusal = Pick<Problem, 'status' | 'detail' | 'errors'> & Partial<Pick<Problem, 'type'>>;

interface Stream {
  readonly response: ServerResponse;
  readonly send: (event: OrganizationEvent) => void;
}

function createState(webDir: string) {
  return {
    webDir,
    jobs: new Map<string, JobStatus>(),
    sessions: new Map<string, SessionView>(),
    events: [] as OrganizationEvent[],
    streams: new Set<Stream>(),
    asked: [] as Asked[],
    me: {
      organization: { id: 'org-1', name: 'Acme' },
      user: { id: 'user-1', name: 'Ada', role: 'admin' },
      temporalUiUrl: 'http://127.0.0.1:8233/namespaces/default',
      demo: false,
    } as Me,
    connections: createConnections(),
    /** Messages to running work so far; their ids count up. */
    steered: { count: 0 },
    /** Called with each accepted request, before it is answered. */
    accept: { next: (job: JobStatus): JobStatus => job },
    /** Problems to answer instead, by `METHOD path-suffix`. */
    refusals: new Map<string, Refusal>(),
  };
}
type State = ReturnType<typeof createState>;

async function answer(state: State, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { pathname: path } = new URL(req.url ?? '/', 'http://nubabel');
  if (!path.startsWith('/api/')) return serveFile(join(state.webDir, isPage(path) ? 'index.html' : path), res);
  const body = await readBody(req);
  const lastEventId = req.headers['last-event-id'] as string | undefined;
  state.asked.push({ method: req.method ?? '', path, lastEventId, body });
  if (req.headers.authorization !== `Bearer ${TOKEN}`)
    return problem(res, { status: 401, detail: 'The token is not valid.' });
  for (const [route, refusal] of state.refusals) {
    if (`${req.method} ${path}`.endsWith(route) || route === `${req.method} ${path}`) return problem(res, refusal);
  }
  if (path === '/api/me') return json(res, 200, state.me);
  if (path === '/api/agents')
    return json(res, 200, { agents: TRAINED_AGENTS.map((id) => ({ id, name: agentName(id) })) });
  if (path === '/api/jobs') return json(res, 200, { jobs: [...state.jobs.values()].reverse() });
  if (path === '/api/events') return stream(state, res, undefined, lastEventId ?? String(state.events.length));
  if (path === '/api/orchestrator/orchestrate') return json(res, 202, accept(state, body as OrchestrateRequest));
  if (path.startsWith('/api/connections')) {
    const found = answerConnections(state.connections, req.method ?? '', path, body);
    return found ? json(res, found.status, found.body) : missing(res);
  }
  const session = state.sessions.get(path.split('/')[4] ?? '');
  if (path.startsWith('/api/orchestrator/sessions/')) return session ? json(res, 200, session) : missing(res);
  const [, , , jobId = '', action] = path.split('/');
  const job = state.jobs.get(jobId);
  if (!job) return missing(res);
  if (action === 'progress') return stream(state, res, jobId, lastEventId);
  if (action === 'tool-calls') return json(res, 200, { calls: state.connections.calls.get(jobId) ?? [] });
  if (action === 'effects') return json(res, 200, { effects: state.connections.effects.get(jobId) ?? [] });
  if (action === 'undo') return json(res, 202, { jobId, undoing: 1 });
  if (action === 'steer') return json(res, 202, { jobId, steeringId: `steering-${++state.steered.count}` });
  return json(res, 200, action === 'status' ? job : { jobId, status: job.status });
}

const isPage = (path: string): boolean =>
  path === '/' || path === '/granted' || /^\/(?:connections|nowhere)/.test(path);

function accept(state: State, request: OrchestrateRequest) {
  const number = state.jobs.size + 1;
  const job = state.accept.next(
    newJob({ jobId: `job-${number}`, sessionId: request.sessionId ?? `session-${number}`, message: request.message }),
  );
  state.jobs.set(job.jobId, job);
  const { jobId, sessionId, status } = job;
  return { jobId, sessionId, status };
}

/** A job that has just been received. */
export const newJob = (given: Partial<JobStatus>): JobStatus => ({
  jobId: 'job-1',
  sessionId: 'session-1',
  status: 'pending',
  progress: 0,
  step: 'Received',
  message: 'Hello',
  category: null,
  agents: [],
  steering: [],
  healing: [],
  toolCalls: [],
  leftOut: [],
  effects: { done: 0, unknown: 0, undoable: 0 },
  dryRun: false,
  costCents: 0,
  durationMs: 0,
  demo: false,
  createdAt: new Date().toISOString(),
  finishedAt: null,
  ...given,
});

function stream(state: State, res: ServerResponse, jobId: string | undefined, lastEventId: string | undefined): void {
  res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  res.write(': hello\n\n');
  const send = (event: OrganizationEvent): void => {
    if (jobId !== undefined && event.jobId !== jobId) return;
    res.write(`id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    const over = event.type === 'orchestration_completed' || event.type === 'orchestration_failed';
    if (over && jobId !== undefined) res.end();
  };
  const own = { response: res, send };
  state.streams.add(own);
  res.on('close', () => state.streams.delete(own));
  for (const event of state.events) if (event.id > Number(lastEventId ?? 0)) send(event);
}

async function serveFile(file: string, res: ServerResponse): Promise<void> {
  const content = await readFile(file).catch(() => undefined);
  if (!content) return missing(res);
  const type = TYPES[extname(file)] ?? 'text/plain';
  res.writeHead(200, { 'content-type': type, 'content-security-policy': POLICY }).end(content);
}

async function readBody(req: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of req.setEncoding('utf8')) text += String(chunk);
  return text === '' ? undefined : (JSON.parse(text) as unknown);
}

const json = (res: ServerResponse, status: number, body: unknown, type = 'application/json'): void => {
  res.writeHead(status, { 'content-type': type }).end(JSON.stringify(body));
};
const problem = (res: ServerResponse, { status, detail, errors, type = '/problems/test' }: Refusal): void =>
  json(
    res,
    status,
    { type, title: 'No', status, detail, requestId: 'req-1', ...(errors && { errors }) },
    'application/problem+json',
  );
const missing = (res: ServerResponse): void => problem(res, { status: 404, detail: 'There is no such thing here.' });

function fail(message: string): never {
  throw new Error(message);
}
