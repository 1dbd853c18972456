import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useId } from 'react';
import type { ConnectionTools as Tools } from '../../contracts/connections.ts';
import type { ToolDiff, ToolView } from '../../contracts/tools.ts';
import { useApi, QUERY } from '../api/queries.ts';
import { Icon } from '../layout/icons.tsx';
import { ProblemNote } from '../layout/problem-note.tsx';
import { RiskLabel } from '../plan/step-line.tsx';
import { useText } from '../text/text-context.tsx';
import { useConnectionTools } from './connection-queries.ts';

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

interface ToolLineProps {
  readonly tool: ToolView;
  readonly open?: boolean;
  readonly busy?: boolean;
  readonly onAccept?: (() => void) | undefined;
}

/** One tool, which opens to what its server says of it: plain text, because it is untrusted. */
function ToolLine({ tool, open = false, busy = false, onAccept }: ToolLineProps) {
  const { text } = useText();
  return (
    <li className="plan-step tool" data-tool={tool.name} data-state={tool.state}>
      <details open={open}>
        <summary>
          <Icon name="chevron" />
          <span className="step-line">
            <code className="step-title">{tool.name}</code>
            <span className="step-facts">
              <RiskLabel risk={tool.risk} />
              {tool.state !== 'active' && <span className="label label-changed">{text.tools.states[tool.state]}</span>}
            </span>
          </span>
        </summary>
        <div className="step-body">
          {tool.diff.length === 0 || tool.diff.some(({ field }) => field === 'tool') ? (
            <>
              {tool.diff.length > 0 && <p className="strong">{text.tools.isNew}</p>}
              <p className="plain">{tool.description}</p>
              <p className="quiet small">{text.tools.fields.inputSchema}</p>
              <pre className="code">{JSON.stringify(tool.inputSchema, null, 2)}</pre>
            </>
          ) : (
            tool.diff.map((diff) => <Difference key={diff.field} diff={diff} />)
          )}
          {onAccept && (
            <div className="approval-answers">
              <button type="button" className="button" disabled={busy} onClick={onAccept}>
                {text.tools.accept} <code>{tool.name}</code>
              </button>
            </div>
          )}
        </div>
      </details>
    </li>
  );
}

function Difference({ diff: { field, before, after } }: { readonly diff: ToolDiff }) {
  const { text } = useText();
  return (
    <div className="difference">
      <h3>{text.tools.fields[field]}</h3>
      <div>
        <p className="quiet small">{text.tools.before}</p>
        <pre className="code code-before">{before ?? text.tools.nothing}</pre>
      </div>
      <div>
        <p className="quiet small">{text.tools.after}</p>
        <pre className="code code-after">{after ?? text.tools.nothing}</pre>
      </div>
    </div>
  );
}

interface WaitingToolsProps {
  readonly connectionId: string;
  readonly tools: readonly ToolView[];
  readonly admin: boolean;
  readonly onAccepted: (now: Tools) => Promise<void>;
}

/** New and changed tools, which are off until an admin has seen how they differ from what was accepted. */
function WaitingTools({ connectionId, tools, admin, onAccepted }: WaitingToolsProps) {
  const api = useApi();
  const cache = useQueryClient();
  const { text } = useText();
  const accept = useMutation({
    // The hashes bind the answer to exactly what is on the page.
    mutationFn: (shown: readonly ToolView[]) =>
      api.acceptTools(connectionId, { tools: shown.map(({ name, hash }) => ({ name, hash })) }),
    onSuccess: onAccepted,
    onError: () => cache.invalidateQueries({ queryKey: QUERY.connectionTools(connectionId) }),
  });
  return (
    <div className="approval">
      <p>{admin ? text.tools.quarantine : text.tools.adminsOnly}</p>
      <ul className="plan-steps">
        {tools.map((tool) => (
          <ToolLine
            key={tool.name}
            tool={tool}
            open
            busy={accept.isPending}
            onAccept={admin ? () => accept.mutate([tool]) : undefined}
          />
        ))}
      </ul>
      {admin && tools.length > 1 && (
        <div className="approval-answers">
          <button
            type="button"
            className="button primary"
            disabled={accept.isPending}
            onClick={() => accept.mutate(tools)}
          >
            {text.tools.acceptAll(tools.length)}
          </button>
        </div>
      )}
      {accept.error && <ProblemNote error={accept.error} />}
    </div>
  );
}
