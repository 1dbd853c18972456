import { agentLabel } from '../api/queries.ts';
import type { PlanStep, PlanView, StepEstimate, StepView } from '../../contracts/plan.ts';
import { isDelegated } from '../../contracts/approval-rules.ts';
import { showInvisible } from '../../contracts/clean-text.ts';
import { Icon } from '../layout/icons.tsx';
import { formatCents, formatDuration } from '../text/format.ts';
import { useText } from '../text/text-context.tsx';

interface StepLineProps {
  readonly step: Pick<PlanStep, 'kind' | 'title' | 'agent' | 'tool' | 'risk'> & {
    readonly id: string;
    readonly estimate: StepEstimate | null;
  };
  /** What it has really taken, once it has begun. */
  readonly taken?: Pick<StepView, 'status' | 'costCents' | 'model' | 'startedAt' | 'finishedAt'>;
}

/** A step in one line: what it is called, who does it, what it takes and what it may change. */
export function StepLine({ step, taken }: StepLineProps) {
  const { text } = useText();
  const { risk, agent, tool, kind } = step;
  const by = agent === null ? (tool ?? text.plan.kinds[kind]) : agentLabel(text, agent);
  return (
    <span className="step-line">
      <span className="step-title">{showInvisible(step.title || by)}</span>
      <RiskLabel risk={risk} />
      <span className="step-facts">
        {step.title !== '' && <span>{showInvisible(by)}</span>}
        {taken && taken.status !== 'pending' ? (
          <TakenFacts estimate={step.estimate} taken={taken} />
        ) : (
          <EstimatedFacts estimate={step.estimate} />
        )}
      </span>
    </span>
  );
}

function EstimatedFacts({ estimate }: Pick<StepLineProps['step'], 'estimate'>) {
  const { text } = useText();
  if (!estimate) return null;
  return (
    <>
      <span>{text.plan.minutes(estimate.minutes)}</span>
      <span>{formatCents(estimate.cents)}</span>
    </>
  );
}

type TakenFactsProps = Pick<StepLineProps['step'], 'estimate'> & Required<Pick<StepLineProps, 'taken'>>;

function TakenFacts({ estimate, taken }: TakenFactsProps) {
  const { text, language } = useText();
  const { status, costCents, model, startedAt, finishedAt } = taken;
  if (status === 'skipped') return null;
  const tookMs = startedAt !== null && finishedAt !== null ? Date.parse(finishedAt) - Date.parse(startedAt) : undefined;
  return (
    <>
      {model !== null && <span>{model}</span>}
      {tookMs !== undefined && <span>{formatDuration(tookMs, language)}</span>}
      {costCents > 0 && <span>{formatCents(costCents)}</span>}
      {estimate && <span>{text.plan.estimated(formatCents(estimate.cents))}</span>}
    </>
  );
}

interface RiskLabelProps extends Pick<PlanStep, 'risk'> {
  /** The tool that is called: editing and deleting is said of tools only, and a coding agent does more than that. */
  readonly tool?: string;
}

export function RiskLabel({ risk, tool }: RiskLabelProps) {
  const { text } = useText();
  if (risk === 'read') return null;
  return (
    <span className={`risk risk-${risk === 'production' ? 'production' : 'write'}`}>
      <Icon name="warning" />
      {(tool === undefined || isDelegated(tool) ? text.plan.risks : text.plan.callRisks)[risk] ?? risk}
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
          {text.plan.after}: {step.needs.map((id) => showInvisible(titleOf(id))).join(', ')}
        </span>
      )}
      {step.when !== null && (
        <span>
          {text.plan.onlyIf} <code>{showInvisible(step.when)}</code>
        </span>
      )}
    </p>
  );
}

/** What a step is called: its title, or its id where no plan knows it. */
export const titleIn = (plan: PlanView | undefined, id: string): string =>
  showInvisible(plan?.steps.find((step) => step.id === id)?.title || id);
