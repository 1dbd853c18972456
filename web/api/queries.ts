import { useQuery } from '@tanstack/react-query';
import { createContext, use } from 'react';
import type { Api } from './client.ts';
import type { AgentId } from '../../contracts/agents.ts';
import { agentName } from '../../contracts/phases.ts';
import { useText, type Localization } from '../text/text-context.tsx';

const ApiContext = createContext<Api | undefined>(undefined);

/** Gives the page below it a signed-in API. */
export const ApiProvider = ApiContext.Provider;

/** The signed-in API; only usable below `ApiProvider`. */
export function useApi(): Api {
  const api = use(ApiContext);
  if (!api) throw new Error('useApi needs an ApiProvider above it.');
  return api;
}

/** An agent's name in the console's language; one that the texts do not know has the name of its file, or its id. */
export const agentLabel = ({ agents }: Localization['text'], id: AgentId, name: string = agentName(id)): string =>
  (agents as Readonly<Record<AgentId, string>>)[id] ?? name;

/** The agents that can be chosen, in the order people know; those of the texts until the server has said. */
export function useAgents(): readonly { readonly id: AgentId; readonly label: string }[] {
  const api = useApi();
  const { text } = useText();
  const { data } = useQuery({
    queryKey: QUERY.agents,
    queryFn: ({ signal }) => api.agents(signal),
    staleTime: Infinity,
  });
  const agents = data?.agents ?? Object.keys(text.agents).map((id) => ({ id, name: undefined }));
  return agents.map(({ id, name }) => ({ id, label: agentLabel(text, id, name) }));
}

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
