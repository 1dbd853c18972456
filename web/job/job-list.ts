import type { OrganizationEvent } from '../../contracts/events.ts';
import type { JobList } from '../api/shapes.ts';

/**
 * The list after an event, or `undefined` when only the server can tell: a job the list does not hold, or an ending,
 * which brings cost and duration with it.
 */
export function applyToList(list: JobList, event: OrganizationEvent): JobList | undefined {
  // Log lines change nothing that the list shows, and come twice a second.
  if (event.type === 'delegation_log') return list;
  const job = list.jobs.find(({ jobId }) => jobId === event.jobId);
  if (!job || event.type !== 'orchestration_progress') return undefined;
  // After a reconnect the stream may tell again what the list already knows.
  if (event.progress !== undefined && event.progress < job.progress) return list;
  const next = {
    ...job,
    status: event.status ?? job.status,
    progress: event.progress ?? job.progress,
    step: event.step ?? job.step,
  };
  return { ...list, jobs: list.jobs.map((other) => (other === job ? next : other)) };
}
