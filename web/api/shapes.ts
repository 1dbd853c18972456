import type { AgentView } from '../../contracts/agents.ts';
import type { ConnectionView, NewConnection } from '../../contracts/connections.ts';
import type { JobStatus } from '../../contracts/orchestration.ts';

/** `GET /api/agents`. */
export interface AgentList {
  readonly agents: readonly AgentView[];
}

/** One line of `GET /api/jobs`. */
export type JobSummary = Pick<
  JobStatus,
  'jobId' | 'sessionId' | 'status' | 'progress' | 'step' | 'message' | 'costCents' | 'createdAt' | 'durationMs'
>;

/** `GET /api/jobs`. */
export interface JobList {
  readonly jobs: readonly JobSummary[];
}

/** `GET /api/me`: who the token speaks for, and what the console should know about this installation. */
export interface Me {
  readonly organization: { readonly id: string; readonly name: string };
  readonly user: { readonly id: string; readonly name: string; readonly role: string };
  readonly temporalUiUrl: string | null;
  readonly demo: boolean;
}

/** What steering answers: the message is written down and shows in the job's status under this id. */
export interface SteerAnswer {
  readonly steeringId: string;
}

/** What approving or cancelling answers. */
export type DecisionAnswer = Pick<JobStatus, 'jobId' | 'status'>;

/** `GET /api/connections`. */
export interface ConnectionList {
  readonly connections: readonly ConnectionView[];
}

/** The body of `POST /api/connections`; what is left out gets its default there. */
export type ConnectionDraftBody = Pick<NewConnection, 'provider' | 'name' | 'auth'> & Partial<NewConnection>;

/** `POST /api/connections/:id/authorize`: where the browser goes to grant access. */
export interface Authorization {
  readonly authorizationUrl: string;
}
