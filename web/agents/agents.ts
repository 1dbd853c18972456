import { useQuery } from '@tanstack/react-query';
import type { AgentId } from '../../contracts/agents.ts';
import { agentName } from '../../contracts/phases.ts';
import { useApi } from '../api/api-context.tsx';
import { QUERY } from '../api/queries.ts';
import { useText, type Localization } from '../text/text-context.tsx';

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
