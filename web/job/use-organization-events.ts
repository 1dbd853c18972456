import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { OrganizationEvent } from '../../contracts/events.ts';
import { useApi } from '../api/api-context.tsx';
import { followEvents } from '../api/event-stream.ts';
import { QUERY } from '../api/queries.ts';
import type { JobList } from '../api/shapes.ts';
import { applyToList } from './job-list.ts';

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
