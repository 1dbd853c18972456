import { agentLabel } from '../api/queries.ts';
import { useEffect, useState } from 'react';
import type { AggregatedResult, JobStatus } from '../../contracts/orchestration.ts';
import { Icon } from '../layout/icons.tsx';
import { formatCents, formatDuration, formatShare } from '../text/format.ts';
import { useText } from '../text/text-context.tsx';
import { Markdown } from './markdown.tsx';
import { Coverage } from './work-notes.tsx';

interface AnswerProps {
  readonly status: JobStatus;
  readonly result: AggregatedResult;
}

/** What a job produced, who produced it, and who did not. */
export function Answer({ status, result }: AnswerProps) {
  const { text } = useText();
  const lead = result.primary_agent;
  return (
    <section className="answer">
      <div className="answer-head">
        {lead !== null && <p className="quiet">{text.job.workedBy(agentLabel(text, lead))}</p>}
        {result.primary_result !== '' && <CopyButton content={result.primary_result} />}
      </div>
      {result.primary_result === '' ? (
        <p className="quiet">{text.job.noAnswer}</p>
      ) : (
        <Markdown>{result.primary_result}</Markdown>
      )}
      {status.plan ? <Coverage status={status} /> : <MissingAgents missing={result.missing_agents} />}
      <Insights insights={result.supporting_insights} />
      <AnswerFacts status={status} result={result} />
    </section>
  );
}

function MissingAgents({ missing }: { readonly missing: AggregatedResult['missing_agents'] }) {
  const { text } = useText();
  if (missing.length === 0) return null;
  return (
    <div className="note note-warning missing">
      <Icon name="warning" />
      <div>
        <p className="strong">{text.job.missing}</p>
        <ul>
          {missing.map(({ agent, reason }) => (
            <li key={agent}>
              <span className="strong">{agentLabel(text, agent)}</span>: {reason}
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}

function AnswerFacts({ status, result }: AnswerProps) {
  const { text, language } = useText();
  const facts = [
    [text.job.agentsUsed, result.agents_used.map((agent) => agentLabel(text, agent)).join(', ')],
    [text.job.models, result.models_used.join(', ')],
    [text.job.confidence, formatShare(result.confidence_score)],
    [text.job.duration, formatDuration(status.durationMs, language)],
    [text.job.cost, formatCents(status.costCents)],
  ] as const;
  return (
    <dl className="facts answer-facts">
      {facts
        .filter(([, value]) => value !== '')
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

/** What the other agents added, each folded, heaviest first. */
function Insights({ insights }: { readonly insights: AggregatedResult['supporting_insights'] }) {
  const { text } = useText();
  if (insights.length === 0) return null;
  return (
    <section className="insights">
      <h3>{text.job.insights(insights.length)}</h3>
      {insights
        .toSorted((a, b) => b.weight - a.weight)
        .map(({ agent, content, confidence, weight, step }) => (
          <details key={step ?? agent} className="insight">
            <summary>
              <Icon name="chevron" />
              <span className="insight-agent">{[step, agentLabel(text, agent)].filter(Boolean).join(' · ')}</span>
              <span className="insight-facts">
                {text.job.weight} {formatShare(weight)} · {text.job.confidence} {formatShare(confidence)}
              </span>
            </summary>
            <Markdown>{content}</Markdown>
          </details>
        ))}
    </section>
  );
}

const THANKS_MS = 2_000;

/** Copies Markdown to the clipboard; absent where the browser offers none, as on plain http. */
function CopyButton({ content }: { readonly content: string }) {
  const { text } = useText();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), THANKS_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  if (!('clipboard' in navigator)) return null;
  const copy = () => {
    navigator.clipboard.writeText(content).then(
      () => setCopied(true),
      () => undefined,
    );
  };
  return (
    <button type="button" className="text-button copy" onClick={copy}>
      <Icon name={copied ? 'check' : 'copy'} />
      <span aria-live="polite">{copied ? text.job.copied : text.job.copy}</span>
    </button>
  );
}
