import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useId } from 'react';
import type { ConnectionTools as Tools } from '../../contracts/connections.ts';
import { useApi } from '../api/api-context.tsx';
import { QUERY } from '../api/queries.ts';
import { ProblemNote } from '../layout/problem-note.tsx';
import { useText } from '../text/text-context.tsx';
import { useConnectionTools } from './connection-queries.ts';
import { ToolLine } from './tool-line.tsx';
import { WaitingTools } from './waiting-tools.tsx';

interface ConnectionToolsProps {
  readonly connectionId: string;
  readonly role: string;
}

/** A connection's tools: first those that wait for an admin, with what has changed, then what is on. */
export function ConnectionTools({ connectionId, role }: ConnectionToolsProps) {
  const api = useApi();
  const cache = useQueryClient();
  const { text } = useText();
  const heading = useId();
  const { data, error } = useConnectionTools(connectionId);
  const keep = (now: Tools) => {
    cache.setQueryData(QUERY.connectionTools(connectionId), now);
    return cache.invalidateQueries({ queryKey: QUERY.connections, exact: true });
  };
  const refresh = useMutation({
    mutationFn: () => api.connectionTools(connectionId, { refresh: true }),
    onSuccess: keep,
  });
  const problem = error ?? refresh.error;
  const waiting = data?.tools.filter(({ state }) => state === 'quarantined') ?? [];
  const others = data?.tools.filter(({ state }) => state !== 'quarantined') ?? [];
  return (
    <section className="connection-tools" aria-labelledby={heading}>
      <div className="connections-head">
        <h2 id={heading}>{text.tools.title}</h2>
        {role !== 'guest' && (
          <button type="button" className="text-button" disabled={refresh.isPending} onClick={() => refresh.mutate()}>
            {refresh.isPending ? text.tools.refreshing : text.tools.refresh}
          </button>
        )}
      </div>
      {problem && <ProblemNote error={problem} />}
      {data?.error && <p className="note note-warning">{data.error}</p>}
      {data?.tools.length === 0 && <p className="quiet">{text.tools.none}</p>}
      {waiting.length > 0 && (
        <WaitingTools connectionId={connectionId} tools={waiting} admin={role === 'admin'} onAccepted={keep} />
      )}
      {others.length > 0 && (
        <ul className="plan-steps">
          {others.map((tool) => (
            <ToolLine key={tool.name} tool={tool} />
          ))}
        </ul>
      )}
    </section>
  );
}
