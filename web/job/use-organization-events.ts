import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { OrganizationEvent } from '../../contracts/events.ts';
import { useApi, QUERY } from '../api/queries.ts';
import { followEvents } from '../api/event-stream.ts';
import type { JobList } from '../api/shapes.ts';

/**
 * Keeps the list of recent jobs live. A browser allows six streams to one server over all its tabs, so a hidden tab
 * gives its own back.
 */
export function useOrganizationEvents(): void {
  const api = useApi();
  const cache = useQueryClient();
  useEffect(() => {
    let listening: AbortController | undefined;
    const refresh = () => void cache.invalidateQueries({ queryKey: QUERY.jobs });
    const take = (event: OrganizationEvent) => {
      if (event.jobId === null) return;
      const list = cache.getQueryData<JobList>(QUERY.jobs);
      const next = list && applyToList(list, event);
      if (next) cache.setQueryData(QUERY.jobs, next);
      else refresh();
    };
    const listen = () => {
      listening?.abort();
      if (document.hidden) return;
      listening = new AbortController();
      void followEvents({
        open: api.organizationEvents,
        signal: listening.signal,
        onEvent: take,
        onConnection: (state) => {
          if (state === 'live') refresh();
        },
      }).catch(() => undefined);
    };
    listen();
    document.addEventListener('visibilitychange', listen);
    return () => {
      document.removeEventListener('visibilitychange', listen);
      listening?.abort();
    };
  }, [api, cache]);
}

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
