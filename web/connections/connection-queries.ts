import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ConnectionChange, ConnectionTools, ConnectionView } from '../../contracts/connections.ts';
import type { ToolView } from '../../contracts/tools.ts';
import { useApi, QUERY } from '../api/queries.ts';
import type { ConnectionDraftBody } from '../api/shapes.ts';

export function useConnections() {
  const api = useApi();
  return useQuery({ queryKey: QUERY.connections, queryFn: ({ signal }) => api.connections(signal) });
}

export function useConnection(id: string) {
  const api = useApi();
  return useQuery({ queryKey: QUERY.connection(id), queryFn: ({ signal }) => api.connection(id, signal) });
}

export function useConnectionTools(id: string) {
  const api = useApi();
  return useQuery({
    queryKey: QUERY.connectionTools(id),
    queryFn: ({ signal }) => api.connectionTools(id, { signal }),
  });
}

/** Keeps what the server has just answered, and has the rest read again. */
function useKeep() {
  const cache = useQueryClient();
  return async (view: ConnectionView) => {
    await cache.invalidateQueries({ queryKey: QUERY.connections });
    cache.setQueryData(QUERY.connection(view.id), view);
  };
}

export function useConnect() {
  const api = useApi();
  return useMutation({ mutationFn: (body: ConnectionDraftBody) => api.connect(body), onSuccess: useKeep() });
}

export function useChange(id: string) {
  const api = useApi();
  return useMutation({
    mutationFn: (change: ConnectionChange) => api.changeConnection(id, change),
    onSuccess: useKeep(),
  });
}

export function useTest(id: string) {
  const api = useApi();
  const keep = useKeep();
  return useMutation({
    mutationFn: () => api.testConnection(id),
    onSuccess: ({ connection }) => keep(connection),
  });
}

/** Has a tool always allowed, or asked about again; the hash binds that to the tool that is on the page. */
export function useToolDecision(connectionId: string, onSuccess: (now: ConnectionTools) => Promise<void>) {
  const api = useApi();
  return useMutation({
    mutationFn: ({ name, hash, alwaysAllowed }: ToolView) =>
      api.decideTool(connectionId, name, { hash, alwaysAllow: !alwaysAllowed }),
    onSuccess,
  });
}
