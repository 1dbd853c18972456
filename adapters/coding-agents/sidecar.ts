import { randomUUID } from 'node:crypto';
import { Agent, request, type Dispatcher } from 'undici';
import type { ToolResult } from '../../contracts/tools.ts';
import { ToolCallError } from '../../domain/tools/tool-ports.ts';
import type { DelegationCall } from '../../domain/delegation/delegation-port.ts';
import { createLogBatches, type LogBatches, type Redact } from './agent-log.ts';
import { waitMsIn } from '../retry-after.ts';
import { readSidecarBody, toCallError, TooLongError, type SidecarTry } from './sidecar-answer.ts';
import { toProblem, toToolResult, type SidecarArguments } from './tools.ts';

export const NOT_CONFIGURED =
  'OpenCode is not configured: set OPENCODE_SIDECAR_URL to the address of an OpenCode sidecar and start the workers again.';

/** Answers that are none to the task: whoever called decides whether it is sent again. */
const NO_ANSWERS = [429, 502, 503, 504];
const CIRCUIT = { failures: 5, openMs: 60_000 };
const CONNECT_MS = 10_000;
/** What the bridge takes for a task that says nothing about itself. */
const USUAL_CATEGORY = 'unspecified-low';

/** Failures of a connection that was never made: nothing was sent. */
const NOT_SENT = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'];

interface SidecarDeps {
  readonly url: string;
  /** Of the whole call, ms. */
  readonly timeoutMs: number;
  readonly redact: Redact;
  readonly onError: (error: unknown) => void;
  /** Monotonic, ms. */
  readonly now: () => number;
  readonly logEveryMs?: number;
}

interface Sidecar {
  /** @throws ToolCallError */
  call(args: SidecarArguments, options: DelegationCall): Promise<ToolResult>;
  close(): Promise<void>;
}

/**
 * The OpenCode bridge over HTTP, asked once: whoever calls it tries again, and only what was certainly not taken. It is the operator's own address, so no egress guard stands before it.
 */
export function createSidecar(deps: SidecarDeps): Sidecar {
  // A connection of its own per try, without limits of its own: a reused one that breaks would look like a lost answer.
  const agent = new Agent({ pipelining: 0, connectTimeout: CONNECT_MS, headersTimeout: 0, bodyTimeout: 0 });
  const circuit = createCircuit({ ...CIRCUIT, now: deps.now });
  return {
    close: () => agent.destroy(),
    async call(args, options) {
      const admitted = circuit.admit();
      if (typeof admitted === 'object') throw brokenError(admitted.waitMs);
      const log = createLogBatches({ onLog: options.onLog, onError: deps.onError, everyMs: deps.logEveryMs });
      try {
        return await delegate({ deps, agent, circuit, log, args, options });
      } finally {
        // Without an effect after one of the others: a probe that was cancelled says nothing about the sidecar.
        if (admitted === 'probe') circuit.abandon();
        await log.close();
      }
    },
  };
}

const brokenError = (waitMs: number) =>
  new ToolCallError(
    'broken',
    `The OpenCode sidecar failed ${CIRCUIT.failures} times in a row and is left alone for ${Math.ceil(waitMs / 1_000)} s more.`,
    { retryAfterMs: waitMs },
  );

interface Task {
  readonly deps: SidecarDeps;
  readonly agent: Agent;
  readonly circuit: Circuit;
  readonly log: LogBatches;
  readonly args: SidecarArguments;
  readonly options: DelegationCall;
}

/** In the bridge's form. Random, because whoever knows a session's id may continue it. */
const newSession = () => `ses_${Date.now()}_${randomUUID().replaceAll('-', '')}`;

async function delegate(task: Task): Promise<ToolResult> {
  const { deps, circuit, options } = task;
  const timeoutMs = Math.min(deps.timeoutMs, options.timeoutMs);
  const deadline = AbortSignal.timeout(timeoutMs);
  const signal = AbortSignal.any([options.signal, deadline]);
  const began = deps.now();
  const sessionId = task.args.sessionId ?? newSession();
  const outcome = await attempt(task, sessionId, signal);
  if (outcome.kind === 'answered' && !NO_ANSWERS.includes(outcome.status)) {
    if (outcome.status < 500) circuit.succeed();
    else circuit.fail();
    return toResult(task, outcome, sessionId, deps.now() - began);
  }
  if (options.signal.aborted)
    throw new ToolCallError('cancelled', 'OpenCode was told to stop; what it had done by then stays done.');
  // Limits are a sign of life.
  if (!(outcome.kind === 'answered' && outcome.status === 429)) circuit.fail();
  throw toCallError(outcome, timeoutMs, deadline.aborted);
}

async function attempt(task: Task, sessionId: string, signal: AbortSignal): Promise<SidecarTry> {
  const { deps, agent, log, args, options } = task;
  let answered: Dispatcher.ResponseData | undefined;
  try {
    answered = await request(`${deps.url.replace(/\/+$/, '')}/delegate`, {
      method: 'POST',
      dispatcher: agent,
      signal,
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream, application/x-ndjson',
      },
      body: JSON.stringify({
        session_id: sessionId,
        prompt: args.prompt,
        category: args.category ?? USUAL_CATEGORY,
        load_skills: args.skills ?? [],
        organizationId: options.organizationId,
        userId: options.userId,
      }),
    });
    const onLog = (lines: readonly string[]) => log.add(lines.map(deps.redact));
    const body = await readSidecarBody(answered.body, String(answered.headers['content-type'] ?? ''), onLog);
    const retryAfterMs = waitMsIn(answered.headers);
    return { kind: 'answered', status: answered.statusCode, retryAfterMs, body };
  } catch (error) {
    // Only then does it also stop at the other end.
    answered?.body.destroy();
    const code = codeOf(error);
    if (error instanceof TooLongError) return { kind: 'too_long', detail: error.message };
    return { kind: NOT_SENT.includes(code) ? 'not_sent' : 'lost', detail: code };
  }
}

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'no code';

function toResult(
  { deps }: Task,
  { status, body: { answer, raw } }: Extract<SidecarTry, { kind: 'answered' }>,
  sessionId: string,
  tookMs: number,
): ToolResult {
  if (!answer) {
    if (status < 300) return toProblem('The OpenCode sidecar answered something that is no answer to a task.');
    return toProblem(`The OpenCode sidecar answered ${status}: ${deps.redact(raw) || 'nothing'}`);
  }
  const { model, duration, cost, inputTokens, outputTokens, error } = answer.metadata;
  const why = error ? `\n(${error})` : '';
  return toToolResult({
    status: status < 300 ? answer.status : 'failed',
    output: deps.redact(answer.status === 'failed' ? `${answer.output}${why}` : answer.output),
    sessionId,
    model: model === undefined || model === 'unknown' ? null : model,
    durationMs: Math.round(duration ?? tookMs),
    costCents: cost === undefined ? null : cost * 100,
    inputTokens: inputTokens ?? null,
    outputTokens: outputTokens ?? null,
  });
}

/** What a breaker says to one more call. */
type Admission = 'closed' | 'probe' | { readonly waitMs: number };

/** Leaves a place alone that keeps failing, and lets one call look whether it is back. */
interface Circuit {
  /** Ask before a call; whoever is admitted has to report with `succeed`, `fail` or `abandon`. */
  admit(): Admission;
  succeed(): void;
  fail(): void;
  /** It ended without saying anything about the place, such as by a cancel. */
  abandon(): void;
}

interface CircuitOptions {
  /** Failures in a row that open it. */
  readonly failures: number;
  readonly openMs: number;
  /** Monotonic, ms. */
  readonly now: () => number;
}

export function createCircuit({ failures, openMs, now }: CircuitOptions): Circuit {
  let failed = 0;
  let openUntil = 0;
  let probing = false;
  return {
    admit() {
      if (failed < failures) return 'closed';
      const waitMs = openUntil - now();
      if (waitMs > 0) return { waitMs };
      if (probing) return { waitMs: openMs };
      probing = true;
      return 'probe';
    },
    succeed() {
      failed = 0;
      probing = false;
    },
    fail() {
      failed += 1;
      probing = false;
      if (failed >= failures) openUntil = now() + openMs;
    },
    abandon() {
      probing = false;
    },
  };
}
