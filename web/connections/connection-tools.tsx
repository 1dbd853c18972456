import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useId } from 'react';
import type { ConnectionTools as Tools } from '../../contracts/connections.ts';
import type { ToolView } from '../../contracts/tools.ts';
import { useApi, QUERY } from '../api/queries.ts';
import { showInvisible } from '../../contracts/clean-text.ts';
import { Icon } from '../layout/icons.tsx';
import { ProblemNote } from '../layout/problem-note.tsx';
import { RiskLabel } from '../plan/step-line.tsx';
import { useText } from '../text/text-context.tsx';
import { useConnectionTools, useToolDecision } from './connection-queries.ts';
import { Difference } from './field.tsx';

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
  const decide = useToolDecision(connectionId, keep);
  const problem = error ?? refresh.error ?? decide.error;
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
            <ToolLine
              key={tool.name}
              tool={tool}
              busy={decide.isPending}
              onAllow={role === 'admin' && tool.state === 'active' ? () => decide.mutate(tool) : undefined}
            />
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
  /** Has nobody asked about it any more, or asked again. */
  readonly onAllow?: (() => void) | undefined;
}

/** One tool, which opens to what its server says of it: plain text, because it is untrusted. */
function ToolLine({ tool, open = false, busy = false, onAccept, onAllow }: ToolLineProps) {
  const { text } = useText();
  return (
    <li className="plan-step tool" data-tool={tool.name} data-state={tool.state}>
      <details open={open}>
        <summary>
          <Icon name="chevron" />
          <span className="step-line">
            <code className="step-title">{tool.name}</code>
            <span className="step-facts">
              <RiskLabel risk={tool.risk} tool={tool.name} />
              {tool.alwaysAllowed && <span className="label label-changed">{text.tools.alwaysAllowed}</span>}
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
              {tool.diff.length > 0 && <RestOfNew tool={tool} />}
            </>
          ) : (
            tool.diff.map((diff) => <Difference key={diff.field} diff={diff} />)
          )}
          {onAllow && tool.risk !== 'read' && (
            <div className="approval-answers">
              <button type="button" className="button" disabled={busy} onClick={onAllow}>
                {tool.alwaysAllowed ? text.tools.askAgain : text.tools.alwaysAllow}
              </button>
              <span className="quiet small">{text.tools.alwaysAllowHint}</span>
            </div>
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

/** What else is accepted with a new tool: its name and title, what it answers, and what it says it does. */
function RestOfNew({ tool: { title, remoteName, outputSchema, annotations } }: { readonly tool: ToolView }) {
  const { text } = useText();
  return (
    <>
      <p className="quiet small">{text.tools.fields.title}</p>
      <p className="plain">{[showInvisible(remoteName), title].filter(Boolean).join(' · ')}</p>
      <p className="quiet small">{text.tools.fields.annotations}</p>
      <pre className="code">{JSON.stringify(annotations, null, 2)}</pre>
      {outputSchema && <p className="quiet small">{text.tools.fields.outputSchema}</p>}
      {outputSchema && <pre className="code">{JSON.stringify(outputSchema, null, 2)}</pre>}
    </>
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
