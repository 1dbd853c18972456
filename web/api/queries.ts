import { useQuery } from '@tanstack/react-query';
import { useApi } from './api-context.tsx';

/** Keys of what the query cache holds. */
export const QUERY = {
  me: ['me'],
  agents: ['agents'],
  jobs: ['jobs'],
  session: (sessionId: string) => ['session', sessionId],
  connections: ['connections'],
  connection: (id: string) => ['connections', id],
  connectionTools: (id: string) => ['connections', id, 'tools'],
  effects: (jobId: string) => ['effects', jobId],
  toolCall: (jobId: string, callId: string, status: string) => ['tool-calls', jobId, callId, status],
} as const;

export function useMe() {
  const api = useApi();
  return useQuery({ queryKey: QUERY.me, queryFn: ({ signal }) => api.me(signal), staleTime: Infinity });
}

export function useJobs() {
  const api = useApi();
  return useQuery({ queryKey: QUERY.jobs, queryFn: ({ signal }) => api.jobs(signal) });
}

export function useSession(sessionId: string | undefined) {
  const api = useApi();
  return useQuery({
    queryKey: QUERY.session(sessionId ?? ''),
    queryFn: ({ signal }) => api.session(sessionId ?? '', signal),
    enabled: sessionId !== undefined,
  });
}
