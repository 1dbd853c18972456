import type { AggregatedResult } from '../../contracts/orchestration.ts';
import { Icon } from '../layout/icons.tsx';
import { formatShare } from '../text/format.ts';
import { useText } from '../text/text-context.tsx';
import { Markdown } from './markdown.tsx';

/** What the other agents added, each folded, heaviest first. */
export function Insights({ insights }: { readonly insights: AggregatedResult['supporting_insights'] }) {
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
              <span className="insight-agent">{[step, text.agents[agent] ?? agent].filter(Boolean).join(' · ')}</span>
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
