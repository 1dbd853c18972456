import type { JobStatus } from '../../contracts/orchestration.ts';

/** One line of `GET /api/jobs`. */
export type JobSummary = Pick<
  JobStatus,
  'jobId' | 'sessionId' | 'status' | 'progress' | 'step' | 'message' | 'costCents' | 'createdAt' | 'durationMs'
>;

/** `GET /api/jobs`. */
export interface JobList {
  readonly jobs: readonly JobSummary[];
}

/** `GET /api/me`: who the token speaks for, and what the console should know about this house. */
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
