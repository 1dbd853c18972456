import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { JobStatus } from '../../contracts/orchestration.ts';
import type { ToolCallView } from '../../contracts/tools.ts';
import { useApi, QUERY } from '../api/queries.ts';
import { StatusIcon } from './status.tsx';
import { ProblemNote } from '../layout/problem-note.tsx';
import { RiskLabel } from '../plan/step-line.tsx';
import { useText } from '../text/text-context.tsx';

/** As many as a job's status has. */
const SHOWN = 50;

/** What a job has called, live; each call opens to what it was given. */
export function ToolCalls({ jobId, calls }: { readonly jobId: string; readonly calls: readonly ToolCallView[] }) {
  const { text } = useText();
  if (calls.length === 0) return null;
  return (
    <section className="tool-calls" aria-label={text.calls.title}>
      <h3>{text.calls.title}</h3>
      {calls.length >= SHOWN && <p className="quiet small">{text.calls.earlier}</p>}
      <ul className="plan-steps">
        {calls.map((call) => (
          <ToolCall key={call.id} jobId={jobId} call={call} />
        ))}
      </ul>
    </section>
  );
}

interface ToolCallProps {
  readonly jobId: string;
  readonly call: ToolCallView;
}

function ToolCall({ jobId, call }: ToolCallProps) {
  const { text } = useText();
  const [opened, setOpened] = useState<boolean>();
  // Why it failed is what a person looks for.
  const shown = opened ?? call.status === 'failed';
  const running = call.status === 'running';
  return (
    <li className="plan-step" data-status={call.status} data-tool={call.tool}>
      <details open={shown} onToggle={({ currentTarget }) => setOpened(currentTarget.open)}>
        <summary>
          <StatusIcon status={call.status} />
          <span className="step-line">
            <code className="step-title">{call.tool}</code>
            <RiskLabel risk={call.risk} tool={call.tool} />
            <span className="step-facts">
              {call.connection !== null && <span>{call.connection}</span>}
              <span>{text.calls.statuses[call.status] ?? call.status}</span>
            </span>
          </span>
        </summary>
        <div className="step-body">
          {call.tainted && <p className="quiet">{text.calls.tainted}</p>}
          <pre className="code" aria-label={text.calls.arguments}>
            {JSON.stringify(call.arguments, null, 2)}
          </pre>
          {shown && <CallOutput jobId={jobId} call={call} />}
        </div>
      </details>
      {running && call.progress !== null && <p className="step-reason small">{call.progress}</p>}
    </li>
  );
}

/** What a call has answered; a job's status leaves it out, because it may be long. */
function CallOutput({ jobId, call: { id, status } }: ToolCallProps) {
  const api = useApi();
  const { text } = useText();
  const over = status === 'done' || status === 'failed' || status === 'unknown';
  const { data, error } = useQuery({
    queryKey: QUERY.toolCall(jobId, id, status),
    queryFn: async ({ signal }) => (await api.toolCalls(jobId, signal)).calls.find((call) => call.id === id) ?? null,
    enabled: over,
  });
  if (error) return <ProblemNote error={error} />;
  if (!data?.result?.text) return null;
  return (
    <>
      <p className="quiet small">{text.calls.output}</p>
      <pre className="code" aria-label={text.calls.output}>
        {data.result.text}
      </pre>
    </>
  );
}

/** Connections that the work had to do without, and the way to mend them. */
export function LeftOutNote({ leftOut }: { readonly leftOut: JobStatus['leftOut'] }) {
  const { text } = useText();
  if (leftOut.length === 0) return null;
  return (
    <div className="note note-warning">
      <p className="strong">{text.calls.leftOut}</p>
      <ul>
        {leftOut.map(({ connectionId, connection, reason }) => (
          <li key={connectionId}>
            <a href={`/connections/${encodeURIComponent(connectionId)}`}>{connection}</a>:{' '}
            {text.calls.leftOutReasons[reason] ?? reason}
          </li>
        ))}
      </ul>
    </div>
  );
}
