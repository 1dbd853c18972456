import type { CancelRequest, DecisionRequest } from '../../contracts/approval.ts';
import type { ConnectionChange, ConnectionTest, ConnectionTools, ConnectionView } from '../../contracts/connections.ts';
import type { Accepted, JobStatus, OrchestrateRequest, SessionView } from '../../contracts/orchestration.ts';
import type { SteerRequest } from '../../contracts/steering.ts';
import type { EffectList, ToolCallList, UndoAnswer } from '../../contracts/tool-calls.ts';
import type { AcceptTools, ToolDecision } from '../../contracts/tools.ts';
import { toApiProblem, UnreachableError } from './problem.ts';
import type {
  AgentList,
  Authorization,
  ConnectionDraftBody,
  ConnectionList,
  DecisionAnswer,
  JobList,
  Me,
  SteerAnswer,
} from './shapes.ts';

const ANSWER_TIMEOUT_MS = 30_000;

interface ApiOptions {
  /** Where the server is; empty for the page's own origin. */
  readonly baseUrl: string;
  readonly token: string;
  readonly fetch?: typeof globalThis.fetch;
  /** Called when the server does not accept the token. */
  readonly onUnauthorized?: () => void;
}

type Caller = <T>(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, call?: Call) => Promise<T>;

interface Call {
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

const connectionPath = (id: string) => `/api/connections/${encodeURIComponent(id)}`;
const jobPath = (jobId: string) => `/api/jobs/${encodeURIComponent(jobId)}`;

/** The REST interface as functions. Answers are typed by the contract and not parsed again: both ends are one release. */
export function createApi(options: ApiOptions) {
  const request = createRequest(options);
  const call: Caller = async <T>(method: string, path: string, { body, signal }: Call = {}): Promise<T> => {
    const deadline = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
    const response = await request(path, {
      method,
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    return (response.status === 204 ? undefined : await response.json()) as T;
  };
  const openEvents = (path: string) => (lastEventId: string | undefined, signal: AbortSignal) =>
    request(path, {
      signal,
      cache: 'no-store',
      headers: { accept: 'text/event-stream', ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }) },
    });
  return {
    me: (signal?: AbortSignal) => call<Me>('GET', '/api/me', { signal }),
    agents: (signal?: AbortSignal) => call<AgentList>('GET', '/api/agents', { signal }),
    jobs: (signal?: AbortSignal) => call<JobList>('GET', '/api/jobs?limit=20', { signal }),
    orchestrate: (body: OrchestrateRequest) => call<Accepted>('POST', '/api/orchestrator/orchestrate', { body }),
    status: (jobId: string, signal?: AbortSignal) => call<JobStatus>('GET', `${jobPath(jobId)}/status`, { signal }),
    session: (sessionId: string, signal?: AbortSignal) =>
      call<SessionView>('GET', `/api/orchestrator/sessions/${encodeURIComponent(sessionId)}`, { signal }),
    approve: (jobId: string, body: DecisionRequest) =>
      call<DecisionAnswer>('POST', `${jobPath(jobId)}/approve`, { body }),
    cancel: (jobId: string, body: CancelRequest) => call<DecisionAnswer>('POST', `${jobPath(jobId)}/cancel`, { body }),
    /** A message to running work; accepted, it is listed in the job's status. */
    steer: (jobId: string, body: SteerRequest) => call<SteerAnswer>('POST', `${jobPath(jobId)}/steer`, { body }),
    /** Opens the event stream of one job, after `lastEventId`. */
    jobEvents: (jobId: string) => openEvents(`${jobPath(jobId)}/progress`),
    /** Opens the event stream of the organization, after `lastEventId`. */
    organizationEvents: openEvents('/api/events'),
    toolCalls: (jobId: string, signal?: AbortSignal) =>
      call<ToolCallList>('GET', `${jobPath(jobId)}/tool-calls`, { signal }),
    effects: (jobId: string, signal?: AbortSignal) => call<EffectList>('GET', `${jobPath(jobId)}/effects`, { signal }),
    undo: (jobId: string, accept: readonly string[] = []) =>
      call<UndoAnswer>('POST', `${jobPath(jobId)}/undo`, { body: { accept } }),
    ...connectionCalls(call),
  };
}
/** What an organization and its people are connected to. */
const connectionCalls = (call: Caller) => ({
  connections: (signal?: AbortSignal) => call<ConnectionList>('GET', '/api/connections?limit=200', { signal }),
  connection: (id: string, signal?: AbortSignal) => call<ConnectionView>('GET', connectionPath(id), { signal }),
  connect: (body: ConnectionDraftBody) => call<ConnectionView>('POST', '/api/connections', { body }),
  changeConnection: (id: string, body: ConnectionChange) => call<ConnectionView>('PATCH', connectionPath(id), { body }),
  removeConnection: (id: string) => call<undefined>('DELETE', connectionPath(id)),
  testConnection: (id: string) => call<ConnectionTest>('POST', `${connectionPath(id)}/test`),
  authorizeConnection: (id: string) => call<Authorization>('POST', `${connectionPath(id)}/authorize`),
  connectionTools: (id: string, { refresh = false, signal }: { refresh?: boolean; signal?: AbortSignal } = {}) =>
    call<ConnectionTools>('GET', `${connectionPath(id)}/tools${refresh ? '?refresh=true' : ''}`, { signal }),
  acceptTools: (id: string, body: AcceptTools) =>
    call<ConnectionTools>('POST', `${connectionPath(id)}/accept`, { body }),
  decideTool: (id: string, name: string, body: ToolDecision) =>
    call<ConnectionTools>('PATCH', `${connectionPath(id)}/tools/${encodeURIComponent(name)}`, { body }),
});
export type Api = ReturnType<typeof createApi>;

function createRequest({ baseUrl, token, onUnauthorized, fetch = globalThis.fetch }: ApiOptions) {
  return async (path: string, init: RequestInit): Promise<Response> => {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${token}`);
    const response = await fetch(`${baseUrl}${path}`, { ...init, headers }).catch((error: unknown) => {
      throw new UnreachableError(error);
    });
    if (response.ok) return response;
    if (response.status === 401) onUnauthorized?.();
    throw await toApiProblem(response);
  };
}

const KEY = 'nubabel.token';

/** What this module needs of the browser. */
interface TokenPlace {
  readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  readonly location: Pick<Location, 'hash' | 'pathname' | 'search'>;
  readonly history: Pick<History, 'replaceState' | 'state'>;
}

interface TokenAtStart {
  readonly token: string | undefined;
  /** Another one that the address names: whoever is signed in decides, since anybody can make such a link. */
  readonly offered: string | undefined;
}

/**
 * The token from `#token=…`, which is taken out of the address bar, and kept where there was none; otherwise the kept
 * one.
 */
export function consumeToken({ storage, location, history }: TokenPlace): TokenAtStart {
  const given = new URLSearchParams(location.hash.slice(1)).get('token')?.trim();
  const kept = storage.getItem(KEY) ?? undefined;
  if (given !== undefined) history.replaceState(history.state, '', location.pathname + location.search);
  if (!given || given === kept) return { token: kept, offered: undefined };
  if (kept !== undefined) return { token: kept, offered: given };
  storage.setItem(KEY, given);
  return { token: given, offered: undefined };
}

export const keepToken = (storage: TokenPlace['storage'], token: string): void => storage.setItem(KEY, token);

export const forgetToken = (storage: TokenPlace['storage']): void => storage.removeItem(KEY);
