import type { IncomingMessage, ServerResponse } from 'node:http';
import { listen, parseObject, readBody, sendJson } from '../../../dev/fakes/http-server.ts';
import { openJournal } from '../../../dev/fakes/journal.ts';
import { createWaiters } from '../../../dev/fakes/waiters.ts';

/** What the bridge takes; others are refused as it refuses them. */
const CATEGORIES = [
  'ultrabrain',
  'visual-engineering',
  'artistry',
  'quick',
  'writing',
  'unspecified-low',
  'unspecified-high',
];
const MAX_PROMPT_CHARS = 10_000;
const MAX_SKILLS = 4;
const SESSION = /^ses_\d+_\w+$/;

export interface SidecarTask {
  readonly session_id: string;
  readonly prompt: string;
  readonly category: string;
  readonly load_skills: readonly string[];
  readonly organizationId?: string;
  readonly userId?: string;
}

export interface SidecarReply {
  readonly output: string;
  readonly status?: 'success' | 'failed';
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Log lines before the answer, as server-sent events or as NDJSON. */
  readonly stream?: { readonly as: 'sse' | 'ndjson'; readonly lines: readonly string[] };
}

/** What happens to the next tasks instead of an answer. */
export type SidecarFault =
  | { readonly status: number; readonly retryAfter?: string }
  /** Never answers. */
  | 'hang'
  /** Takes the task and cuts the connection. */
  | 'drop'
  /** Begins an answer that never ends being too long. */
  | 'flood';

export interface SidecarLine {
  readonly at: string;
  readonly task: SidecarTask | undefined;
  readonly outcome: number | 'hang' | 'drop' | 'flood' | 'left';
}

/** An OpenCode bridge: `POST /delegate`, `GET /health`, with its limits, a log and faults on demand. */
export interface FakeSidecar {
  readonly url: string;
  readonly log: readonly SidecarLine[];
  setReply(reply: (task: SidecarTask) => SidecarReply): void;
  failNext(fault: SidecarFault, times?: number): void;
  /** Resolves when so many tasks have come in, and whoever waits for `left` has. */
  until(what: string, fits: (log: readonly SidecarLine[]) => boolean): Promise<true>;
  close(): Promise<void>;
}

export async function createFakeSidecar(options: { logPath?: string; port?: number } = {}): Promise<FakeSidecar> {
  const journal = openJournal<SidecarLine>(options);
  const waiters = createWaiters();
  const faults: SidecarFault[] = [];
  let reply: (task: SidecarTask) => SidecarReply = (task) => ({ output: `Done: ${task.prompt}` });
  const note = (task: SidecarTask | undefined, outcome: SidecarLine['outcome']) => {
    journal.append({ at: new Date().toISOString(), task, outcome });
    waiters.notify();
  };
  async function handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    if (req.url === '/health') return sendJson(res, 200, { status: 'healthy', opencode: { ready: true } });
    if (req.url !== '/delegate' || req.method !== 'POST') return sendJson(res, 404, { error: 'not_found' });
    const task = parseObject((await readBody(req)) ?? '') as SidecarTask | undefined;
    const wrong = problemOf(task);
    if (!task || wrong) {
      note(task, 400);
      return sendJson(res, 400, failed(`Invalid request: ${wrong ?? 'no JSON'}`, 'VALIDATION_ERROR'));
    }
    const fault = faults.shift();
    if (fault) return suffer(fault, task, { req, res, note });
    const { output, status = 'success', metadata = {}, stream } = reply(task);
    const metadataOf = {
      model: 'claude-sonnet-5-5',
      duration: 3456,
      inputTokens: 1234,
      outputTokens: 567,
      cost: 0.0089,
    };
    const answer = { output, status, metadata: { ...metadataOf, opencodeSessionId: 'oc_1', ...metadata } };
    note(task, 200);
    if (stream) return sendStream(res, stream, answer);
    return sendJson(res, 200, answer);
  }
  const server = await listen(handle, options.port);
  return {
    url: server.url,
    log: journal.lines,
    setReply: (given) => (reply = given),
    failNext: (fault, times = 1) => faults.push(...Array.from({ length: times }, () => fault)),
    until: (what, fits) => waiters.until(what, () => (fits(journal.lines) ? true : undefined)),
    async close() {
      await server.close();
      journal.close();
    },
  };
}

function problemOf(task: Partial<SidecarTask> | undefined): string | undefined {
  if (!task) return 'no JSON';
  if (!CATEGORIES.includes(task.category ?? '')) return `category must be one of ${CATEGORIES.join(', ')}`;
  if (!task.prompt || task.prompt.length > MAX_PROMPT_CHARS)
    return `prompt must have 1 to ${MAX_PROMPT_CHARS} characters`;
  if (!Array.isArray(task.load_skills) || task.load_skills.length > MAX_SKILLS)
    return `load_skills must be a list of at most ${MAX_SKILLS}`;
  if (!SESSION.test(task.session_id ?? '')) return 'session_id must look like ses_<timestamp>_<random>';
  return undefined;
}

const failed = (output: string, error: string) => ({
  output,
  status: 'failed',
  metadata: { model: 'unknown', duration: 3, error },
});

interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly note: (task: SidecarTask | undefined, outcome: SidecarLine['outcome']) => void;
}

function suffer(fault: SidecarFault, task: SidecarTask, { req, res, note }: Exchange): void {
  if (typeof fault === 'object') {
    const { status, retryAfter } = fault;
    note(task, status);
    const headers: Record<string, string> = retryAfter === undefined ? {} : { 'retry-after': retryAfter };
    return sendJson(res, status, failed('Service temporarily unavailable', 'SERVICE_UNAVAILABLE'), headers);
  }
  note(task, fault);
  res.once('close', () => note(task, 'left'));
  if (fault === 'drop') req.socket.destroy();
  if (fault === 'flood') flood(res);
}

function flood(res: ServerResponse): void {
  res.writeHead(200, { 'content-type': 'application/json' });
  const more = () => {
    while (!res.destroyed && res.write('x'.repeat(64 * 1024)));
  };
  res.on('drain', more);
  more();
}

function sendStream(res: ServerResponse, { as, lines }: NonNullable<SidecarReply['stream']>, answer: unknown): void {
  const sse = as === 'sse';
  const frame = (name: string, value: unknown) =>
    sse ? `event: ${name}\ndata: ${JSON.stringify(value)}\n\n` : `${JSON.stringify(value)}\n`;
  res.writeHead(200, { 'content-type': sse ? 'text/event-stream' : 'application/x-ndjson' });
  for (const message of lines) res.write(frame('log', { message }));
  res.end(frame('result', answer));
}
