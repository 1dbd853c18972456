import type { PlanStep, StepEstimate } from '../../contracts/plan.ts';
import { Icon } from '../layout/icons.tsx';
import { formatCents } from '../text/format.ts';
import { useText } from '../text/text-context.tsx';

interface StepLineProps {
  readonly step: Pick<PlanStep, 'kind' | 'title' | 'agent' | 'tool' | 'risk'> & {
    readonly id: string;
    readonly estimate: StepEstimate | null;
  };
  /** What it really cost, once it does. */
  readonly costCents?: number;
}

/** A step in one line: what it is called, who does it, what it takes and what it may change. */
export function StepLine({ step, costCents = 0 }: StepLineProps) {
  const { text } = useText();
  const { estimate, risk, agent, tool, kind } = step;
  const by = agent === null ? (tool ?? text.plan.kinds[kind]) : (text.agents[agent] ?? agent);
  return (
    <span className="step-line">
      <span className="step-title">{step.title || by}</span>
      <RiskLabel risk={risk} />
      <span className="step-facts">
        {step.title !== '' && <span>{by}</span>}
        {estimate && costCents === 0 && <span>{text.plan.minutes(estimate.minutes)}</span>}
        {costCents > 0 && <span>{formatCents(costCents)}</span>}
        {estimate && (
          <span>{costCents > 0 ? text.plan.estimated(formatCents(estimate.cents)) : formatCents(estimate.cents)}</span>
        )}
      </span>
    </span>
  );
}

function RiskLabel({ risk }: Pick<PlanStep, 'risk'>) {
  const { text } = useText();
  if (risk === 'read') return null;
  return (
    <span className={`risk risk-${risk === 'production' ? 'production' : 'write'}`}>
      <Icon name="warning" />
      {text.plan.risks[risk] ?? risk}
    </span>
  );
}

interface StepTermsProps {
  readonly step: Pick<PlanStep, 'needs' | 'when'>;
  readonly titleOf: (id: string) => string;
}

/** What a step waits for, and on which condition it runs. */
export function StepTerms({ step, titleOf }: StepTermsProps) {
  const { text } = useText();
  if (step.needs.length === 0 && step.when === null) return null;
  return (
    <p className="step-terms quiet small">
      {step.needs.length > 0 && (
        <span>
          {text.plan.after}: {step.needs.map(titleOf).join(', ')}
        </span>
      )}
      {step.when !== null && (
        <span>
          {text.plan.onlyIf} <code>{step.when}</code>
        </span>
      )}
    </p>
  );
}
