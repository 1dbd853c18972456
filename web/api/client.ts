import type { DecisionRequest } from '../../contracts/approval.ts';
import type { Accepted, JobStatus, OrchestrateRequest, SessionView } from '../../contracts/orchestration.ts';
import type { SteerRequest } from '../../contracts/steering.ts';
import { toApiProblem, Unreachable } from './problem.ts';
import type { DecisionAnswer, JobList, Me, SteerAnswer } from './shapes.ts';

const ANSWER_TIMEOUT_MS = 30_000;

export interface ApiOptions {
  /** Where the server is; empty for the page's own origin. */
  readonly baseUrl: string;
  readonly token: string;
  readonly fetch?: typeof globalThis.fetch;
  /** Called when the server does not accept the token. */
  readonly onUnauthorized?: () => void;
}

interface Call {
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

const jobPath = (jobId: string) => `/api/jobs/${encodeURIComponent(jobId)}`;

/** The REST interface as functions. Answers are typed by the contract and not parsed again: both ends are one release. */
export function createApi(options: ApiOptions) {
  const request = createRequest(options);
  const call = async <T>(method: 'GET' | 'POST', path: string, { body, signal }: Call = {}): Promise<T> => {
    const deadline = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
    const response = await request(path, {
      method,
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    return (await response.json()) as T;
  };
  const openEvents = (path: string) => (lastEventId: string | undefined, signal: AbortSignal) =>
    request(path, {
      signal,
      cache: 'no-store',
      headers: { accept: 'text/event-stream', ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }) },
    });
  return {
    me: (signal?: AbortSignal) => call<Me>('GET', '/api/me', { signal }),
    jobs: (signal?: AbortSignal) => call<JobList>('GET', '/api/jobs?limit=20', { signal }),
    orchestrate: (body: OrchestrateRequest) => call<Accepted>('POST', '/api/orchestrator/orchestrate', { body }),
    status: (jobId: string, signal?: AbortSignal) => call<JobStatus>('GET', `${jobPath(jobId)}/status`, { signal }),
    session: (sessionId: string, signal?: AbortSignal) =>
      call<SessionView>('GET', `/api/orchestrator/sessions/${encodeURIComponent(sessionId)}`, { signal }),
    approve: (jobId: string, body: DecisionRequest) =>
      call<DecisionAnswer>('POST', `${jobPath(jobId)}/approve`, { body }),
    cancel: (jobId: string, body: DecisionRequest) =>
      call<DecisionAnswer>('POST', `${jobPath(jobId)}/cancel`, { body }),
    /** A message to running work; accepted, it is listed in the job's status. */
    steer: (jobId: string, body: SteerRequest) => call<SteerAnswer>('POST', `${jobPath(jobId)}/steer`, { body }),
    /** Opens the event stream of one job, after `lastEventId`. */
    jobEvents: (jobId: string) => openEvents(`${jobPath(jobId)}/progress`),
    /** Opens the event stream of the organization, after `lastEventId`. */
    organizationEvents: openEvents('/api/events'),
  };
}
export type Api = ReturnType<typeof createApi>;

function createRequest({ baseUrl, token, onUnauthorized, fetch = globalThis.fetch }: ApiOptions) {
  return async (path: string, init: RequestInit): Promise<Response> => {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${token}`);
    const response = await fetch(`${baseUrl}${path}`, { ...init, headers }).catch((error: unknown) => {
      throw new Unreachable(error);
    });
    if (response.ok) return response;
    if (response.status === 401) onUnauthorized?.();
    throw await toApiProblem(response);
  };
}
