import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { listen, parseObject, readBody, sendJson } from '../http-server.ts';
import { openJournal } from '../journal.ts';
import { createWaiters } from '../waiters.ts';
import { createProviderFaults, type ProviderFault } from './faults.ts';
import type {
  ProviderAnswer,
  ProviderCall,
  ProviderFake,
  ProviderFakeOptions,
  ProviderLine,
  ProviderRules,
} from './types.ts';

const CUT: ProviderAnswer = { status: 0, body: null };
/** Below every status: the connection stays open, and nothing is said. */
const SILENCE: ProviderAnswer = { status: -1, body: null };

/** Serves a provider's rules over HTTP, with faults, limits and an append-only journal. */
export async function serveProvider(rules: ProviderRules, options: ProviderFakeOptions): Promise<ProviderFake> {
  const waiters = createWaiters();
  const journal = openJournal<ProviderLine>(options);
  const faults = createProviderFaults();
  const late: (() => void)[] = [];
  const { limits = 'real' } = options;
  const admit = limits === 'off' ? () => undefined : limiterOf(limits === 'real' ? rules.limit : limits);
  const server = await listen(async (req, res) => {
    const page = options.page?.(new URL(req.url ?? '/', 'http://fake').pathname);
    if (page) return page(req, res);
    const given = await toCall(req);
    const { operation, line, call } = begin(rules, given);
    const fault = faults.consume(operation);
    if (fault?.delayMs) await wait(fault.delayMs);
    const carryOut = () => rules.handle(call);
    const waitSeconds = admit(given.headers.authorization ?? '');
    const answer = waitSeconds === undefined ? answerOf(rules, fault, carryOut) : rules.failure(429, waitSeconds);
    if (fault?.late) late.push(() => journal.append(line(carryOut())));
    journal.append(line(answer));
    waiters.notify();
    send(res, answer);
  }, options.port);
  const calls = (operation?: string | RegExp) => journal.lines.filter((line) => isOperation(line, operation));
  return {
    url: server.url,
    log: journal.lines,
    calls,
    changes: (prefix = '') => journal.lines.flatMap(({ changes }) => changes).filter((one) => one.startsWith(prefix)),
    failNext: faults.add,
    letLateOnesArrive: () => late.splice(0).forEach((arrive) => arrive()),
    waitForCalls: (operation, count, timeoutMs) =>
      waiters.until(
        `${count} calls of ${String(operation)}`,
        () => (calls(operation).length >= count ? calls(operation) : undefined),
        timeoutMs,
      ),
    async close() {
      await server.close();
      journal.close();
    },
  };
}

const isOperation = (line: ProviderLine, operation: string | RegExp | undefined): boolean =>
  operation === undefined ||
  (typeof operation === 'string' ? line.operation === operation : operation.test(line.operation));

async function toCall(req: IncomingMessage): Promise<Omit<ProviderCall, 'changed'>> {
  const url = new URL(req.url ?? '/', 'http://fake');
  const raw = (await readBody(req)) ?? '';
  return {
    method: req.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    headers: req.headers,
    body: raw === '' ? {} : parseObject(raw),
  };
}

/** A call, and how its line in the journal comes about: a line takes the changes made since the last one. */
function begin(rules: ProviderRules, given: Omit<ProviderCall, 'changed'>) {
  const changes: string[] = [];
  const call: ProviderCall = { ...given, changed: (what) => void changes.push(what) };
  const operation = rules.operationOf(call);
  const line = ({ status }: ProviderAnswer): ProviderLine => ({
    at: new Date().toISOString(),
    operation,
    path: call.path,
    query: Object.fromEntries(call.query),
    body: call.body,
    status,
    changes: changes.splice(0),
  });
  return { operation, line, call };
}

function answerOf(
  rules: ProviderRules,
  fault: ProviderFault | undefined,
  carryOut: () => ProviderAnswer,
): ProviderAnswer {
  if (!fault) return carryOut();
  if (fault.late) return CUT;
  if (fault.when === 'after' || fault.silent) carryOut();
  if (fault.silent) return SILENCE;
  if (fault.cut) return CUT;
  if (fault.status && fault.body !== undefined) return { status: fault.status, body: fault.body };
  if (fault.status) return rules.failure(fault.status, fault.retryAfterSeconds);
  return carryOut();
}

function send(res: ServerResponse, { status, body, headers }: ProviderAnswer): void {
  if (status === SILENCE.status) return;
  if (status === 0) res.destroy();
  else sendJson(res, status, body, headers);
}

/** Counts requests per token in a sliding window; answers the seconds to wait when there are too many. */
function limiterOf({ requests, windowMs }: ProviderRules['limit']): (token: string) => number | undefined {
  const windows = new Map<string, number[]>();
  return (token) => {
    const now = Date.now();
    const recent = (windows.get(token) ?? []).filter((at) => at > now - windowMs);
    windows.set(token, recent);
    const [oldest] = recent;
    if (oldest !== undefined && recent.length >= requests)
      return Math.max(1, Math.ceil((oldest + windowMs - now) / 1000));
    recent.push(now);
    return undefined;
  };
}
