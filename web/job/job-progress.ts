import type { OrganizationEvent } from '../../contracts/events.ts';
import type { FinalStatus, JobStatus, JobStatusName } from '../../contracts/orchestration.ts';

/** What is known of a job and how it is being followed. */
export interface JobProgress {
  readonly status: JobStatus | undefined;
  readonly connection: 'live' | 'polling' | 'done';
  /** Why nothing new is known: for good when `connection` is `done`, until the next answer otherwise. */
  readonly error: Error | undefined;
}

export type JobProgressAction =
  | { readonly type: 'answered'; readonly status: JobStatus }
  | { readonly type: 'happened'; readonly event: OrganizationEvent }
  | { readonly type: 'connected' }
  | { readonly type: 'disconnected' }
  | { readonly type: 'refused'; readonly error: Error; readonly lasting: boolean };

export const INITIAL_PROGRESS: JobProgress = { status: undefined, connection: 'polling', error: undefined };

const FINAL: Record<FinalStatus, true> = {
  completed: true,
  partial: true,
  failed: true,
  cancelled: true,
  expired: true,
};

/** The contract's list again, checked by its type: importing the list itself would bring its parser into the page. */
export const isFinalStatus = (status: JobStatusName): status is FinalStatus => Object.hasOwn(FINAL, status);

/** The event after which a job's stream is closed. */
export const isEnding = (event: OrganizationEvent): boolean =>
  event.type === 'orchestration_completed' ||
  event.type === 'orchestration_failed' ||
  (event.status !== undefined && isFinalStatus(event.status));

/** Answers of `/status` are the truth; events only move the bar ahead of the next answer. */
export function reduceProgress(progress: JobProgress, action: JobProgressAction): JobProgress {
  if (progress.connection === 'done') return progress;
  switch (action.type) {
    case 'answered':
      return {
        status: keepAhead(progress.status, action.status),
        connection: isFinalStatus(action.status.status) ? 'done' : progress.connection,
        error: undefined,
      };
    case 'happened':
      return progress.status ? { ...progress, status: moveAhead(progress.status, action.event) } : progress;
    case 'connected':
      return { ...progress, connection: 'live' };
    case 'disconnected':
      return { ...progress, connection: 'polling' };
    case 'refused':
    default:
      return { ...progress, connection: action.lasting ? 'done' : progress.connection, error: action.error };
  }
}

/** An answer that left before a later event arrived must not pull the bar back. */
function keepAhead(known: JobStatus | undefined, answered: JobStatus): JobStatus {
  if (!known || isFinalStatus(answered.status) || answered.progress >= known.progress) return answered;
  return { ...answered, progress: known.progress, step: known.step };
}

/** Replayed events are older than the answer already shown, and an ending waits for its result: both change nothing. */
function moveAhead(known: JobStatus, event: OrganizationEvent): JobStatus {
  if (event.progress === undefined || event.progress <= known.progress || isEnding(event)) return known;
  return { ...known, status: event.status ?? known.status, progress: event.progress, step: event.step ?? known.step };
}
