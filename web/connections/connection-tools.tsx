import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useId } from 'react';
import type { ToolView } from '../../contracts/tools.ts';
import { useApi } from '../api/api-context.tsx';
import { QUERY } from '../api/queries.ts';
import { ProblemNote } from '../layout/problem-note.tsx';
import { useText } from '../text/text-context.tsx';
import { useConnectionTools } from './connection-queries.ts';
import { ToolLine } from './tool-line.tsx';

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
  const keep = (now: NonNullable<typeof data>) => {
    cache.setQueryData(QUERY.connectionTools(connectionId), now);
    return cache.invalidateQueries({ queryKey: QUERY.connections, exact: true });
  };
  const refresh = useMutation({
    mutationFn: () => api.connectionTools(connectionId, { refresh: true }),
    onSuccess: keep,
  });
  const accept = useMutation({
    // The hashes bind the answer to exactly what is on the page.
    mutationFn: (shown: readonly ToolView[]) =>
      api.acceptTools(connectionId, { tools: shown.map(({ name, hash }) => ({ name, hash })) }),
    onSuccess: keep,
    onError: () => cache.invalidateQueries({ queryKey: QUERY.connectionTools(connectionId) }),
  });
  const waiting = data?.tools.filter(({ state }) => state === 'quarantined') ?? [];
  const active = data?.tools.filter(({ state }) => state !== 'quarantined') ?? [];
  const admin = role === 'admin';
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
      {(error ?? refresh.error) && <ProblemNote error={error ?? refresh.error ?? new Error()} />}
      {data?.error && <p className="note note-warning">{data.error}</p>}
      {data?.tools.length === 0 && <p className="quiet">{text.tools.none}</p>}
      {waiting.length > 0 && (
        <div className="approval" data-waiting={waiting.length}>
          <p>{admin ? text.tools.quarantine : text.tools.adminsOnly}</p>
          <ul className="plan-steps">
            {waiting.map((tool) => (
              <ToolLine
                key={tool.name}
                tool={tool}
                open
                onAccept={admin ? () => accept.mutate([tool]) : undefined}
                busy={accept.isPending}
              />
            ))}
          </ul>
          {admin && waiting.length > 1 && (
            <div className="approval-answers">
              <button
                type="button"
                className="button primary"
                disabled={accept.isPending}
                onClick={() => accept.mutate(waiting)}
              >
                {text.tools.acceptAll(waiting.length)}
              </button>
            </div>
          )}
          {accept.error && <ProblemNote error={accept.error} />}
        </div>
      )}
      {active.length > 0 && (
        <ul className="plan-steps">
          {active.map((tool) => (
            <ToolLine key={tool.name} tool={tool} />
          ))}
        </ul>
      )}
    </section>
  );
}
