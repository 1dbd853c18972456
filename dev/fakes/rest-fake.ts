import { setTimeout as delay } from 'node:timers/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { listen, parseObject, readBody, type ListeningServer } from './http-server.ts';
import { openJournal, type Journal, type JournalOptions } from './journal.ts';

/** What came in, or what was changed by it; in order, never rewritten. */
export type RestLogLine =
  | {
      readonly kind: 'request';
      readonly at: string;
      readonly route: string;
      readonly method: string;
      readonly path: string;
      readonly status: number | 'dropped';
    }
  | {
      readonly kind: 'change';
      readonly at: string;
      readonly route: string;
      readonly id: string;
      readonly detail: unknown;
    };

export interface RestAsked {
  readonly method: string;
  readonly path: string;
  readonly params: readonly string[];
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: Record<string, unknown>;
  /** Writes into the journal what this request has changed. */
  changed(id: string, detail?: unknown): void;
}

export interface RestAnswer {
  readonly status: number;
  /** An object is sent as JSON, a text as it is; nothing: an empty body. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One address: its name is what faults and tests call it. */
export interface RestRoute {
  readonly name: string;
  readonly method: string;
  readonly path: RegExp;
  readonly run: (asked: RestAsked) => RestAnswer;
}

/**
 * What goes wrong with the next requests of a route. `before`: nothing is done. `after`: it is done, and the answer is
 * spoilt. Without a status the connection is cut; with nothing but a delay the answer is only late.
 */
export interface RestFault {
  readonly when: 'before' | 'after';
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Waits so long first. */
  readonly delayMs?: number;
  /** 1 unless told. */
  readonly times?: number;
}

export interface RestFakeOptions extends JournalOptions {
  readonly port?: number;
  readonly host?: string;
  readonly limit?: { readonly requests: number; readonly perMs: number };
}

export interface RestFake {
  readonly url: string;
  readonly log: readonly RestLogLine[];
  /** What was changed, in order: the score of the outside world. */
  changes(route?: string): Extract<RestLogLine, { kind: 'change' }>[];
  requests(route?: string): Extract<RestLogLine, { kind: 'request' }>[];
  failNext(route: string, fault: RestFault): void;
  close(): Promise<void>;
}

interface RestDefinition {
  readonly routes: readonly RestRoute[];
  /** The refusal of a request that is not let in; undefined lets it in. */
  readonly refuse: (asked: RestAsked) => RestAnswer | undefined;
  readonly notFound: RestAnswer;
  readonly limited: (retryAfterSeconds: number) => RestAnswer;
  /** Requests that the provider takes in a time, unless told. */
  readonly limit: { readonly requests: number; readonly perMs: number };
}

/** Starts a server for one provider's REST API, with a journal and faults to order. */
export async function createRestFake(options: RestFakeOptions, definition: RestDefinition): Promise<RestFake> {
  const journal = openJournal<RestLogLine>(options);
  const faults = new Map<string, RestFault[]>();
  const takeTurn = createTurns(options.limit ?? definition.limit);
  const serving: Serving = { ...definition, journal, takeTurn, take: (route) => faults.get(route)?.shift() };
  const server: ListeningServer = await listen(
    async (req, res) => answer(req, res, serving),
    options.port,
    options.host,
  );
  return {
    url: server.url,
    log: journal.lines,
    changes: (route) => journal.lines.filter((line) => line.kind === 'change').filter(isOf(route)),
    requests: (route) => journal.lines.filter((line) => line.kind === 'request').filter(isOf(route)),
    failNext(route, fault) {
      const queue = faults.get(route) ?? [];
      queue.push(...Array.from({ length: fault.times ?? 1 }, () => fault));
      faults.set(route, queue);
    },
    async close() {
      await server.close();
      journal.close();
    },
  };
}

const isOf =
  (route: string | undefined) =>
  (line: RestLogLine): boolean =>
    route === undefined || line.route === route;

interface Serving extends RestDefinition {
  readonly journal: Journal<RestLogLine>;
  readonly take: (route: string) => RestFault | undefined;
  readonly takeTurn: () => number | undefined;
}

async function answer(req: IncomingMessage, res: ServerResponse, serving: Serving): Promise<void> {
  const { pathname: path, searchParams: query } = new URL(req.url ?? '/', 'http://fake');
  const method = req.method ?? 'GET';
  const body = parseObject((await readBody(req)) || '{}') ?? {};
  const found = serving.routes.find((route) => route.method === method && route.path.test(path));
  const route = found?.name ?? 'none';
  const at = () => new Date().toISOString();
  const asked: RestAsked = {
    method,
    path,
    params: (found?.path.exec(path) ?? []).slice(1).map(decodeURIComponent),
    query,
    headers: req.headers,
    body,
    changed: (id, detail) => serving.journal.append({ kind: 'change', at: at(), route, id, detail }),
  };
  const fault = serving.take(route);
  if (fault?.delayMs) await delay(fault.delayMs, undefined, { ref: false });
  const spoilt = fault?.delayMs !== undefined && fault.status === undefined ? undefined : fault;
  const own = spoilt?.when === 'before' ? undefined : carryOut(asked, found, serving);
  const said = spoilt ? (spoilt.status === undefined ? undefined : { ...spoilt, status: spoilt.status }) : own;
  serving.journal.append({ kind: 'request', at: at(), route, method, path, status: said?.status ?? 'dropped' });
  send(res, said);
}

function carryOut(asked: RestAsked, found: RestRoute | undefined, serving: Serving): RestAnswer {
  const waitSeconds = serving.takeTurn();
  if (waitSeconds !== undefined) return serving.limited(waitSeconds);
  return serving.refuse(asked) ?? found?.run(asked) ?? serving.notFound;
}

/** A window of time with so many requests; the wait in whole seconds when it is full. */
function createTurns({ requests, perMs }: { requests: number; perMs: number }): () => number | undefined {
  let window = { since: 0, taken: 0 };
  return () => {
    const now = Date.now();
    if (now - window.since >= perMs) window = { since: now, taken: 0 };
    if (window.taken >= requests) return Math.max(Math.ceil((window.since + perMs - now) / 1000), 1);
    window.taken += 1;
    return undefined;
  };
}

function send(res: ServerResponse, said: RestAnswer | undefined): void {
  if (!said) return void res.destroy();
  const text = typeof said.body === 'string' ? said.body : said.body === undefined ? '' : JSON.stringify(said.body);
  const type = typeof said.body === 'string' ? 'text/plain' : 'application/json';
  res.writeHead(said.status, { 'content-type': `${type};charset=UTF-8`, ...said.headers });
  res.end(text);
}
