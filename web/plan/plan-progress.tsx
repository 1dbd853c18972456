import type { JobStatusName } from '../../contracts/orchestration.ts';
import type { PlanView, StepView } from '../../contracts/plan.ts';
import { toPhases, type Phase } from '../../contracts/phases.ts';
import { ProgressBar, StatusIcon } from '../job/status.tsx';
import { useText } from '../text/text-context.tsx';
import { StepLine, StepTerms, titleIn } from './step-line.tsx';

/** A plan with how far it has come: a bar for each phase, a line for each step. */
export function PlanProgress({ plan, running }: { readonly plan: PlanView; readonly running: boolean }) {
  const { text } = useText();
  const titleOf = (id: string) => titleIn(plan, id);
  return (
    <section className="plan" aria-label={text.plan.title}>
      {toPhases(plan.steps).map((phase) => (
        <PhaseBlock key={phase.nth} phase={phase} running={running} titleOf={titleOf} />
      ))}
    </section>
  );
}

/** A plan of which nothing will run: its steps are not left out, they were never to begin. */
export const asProposed = (plan: PlanView): PlanView => ({
  ...plan,
  steps: plan.steps.map((step) => ({ ...step, status: 'pending', reason: null })),
});

interface PhaseBlockProps {
  readonly phase: Phase<StepView>;
  readonly running: boolean;
  readonly titleOf: (id: string) => string;
}

function PhaseBlock({ phase, running, titleOf }: PhaseBlockProps) {
  const { text } = useText();
  const { nth, total, percent, steps } = phase;
  const name = text.plan.phase(nth, total);
  return (
    <div className="phase">
      <div className="phase-head">
        <h3>{name}</h3>
        <ProgressBar value={percent} status={looksLike(steps, running)} label={name} slim />
        <span className="percent">{percent}%</span>
      </div>
      <ul className="plan-steps">
        {steps.map((step) => (
          <StepRow key={step.id} step={step} titleOf={titleOf} />
        ))}
      </ul>
    </div>
  );
}

/** A phase with a failure never looks like success, and one that was left out looks like nothing. */
function looksLike(steps: readonly StepView[], running: boolean): JobStatusName {
  if (steps.some(({ status }) => status === 'failed')) return 'failed';
  if (steps.every(({ status }) => status === 'skipped')) return 'cancelled';
  return running && steps.some(({ status }) => status === 'running') ? 'running' : 'completed';
}

function StepRow({ step, titleOf }: { readonly step: StepView; readonly titleOf: (id: string) => string }) {
  const { text } = useText();
  return (
    <li className="plan-step" data-status={step.status}>
      <details>
        <summary>
          <StatusIcon status={step.status} />
          <span className="unseen">{text.plan.statuses[step.status] ?? step.status}</span>
          <StepLine step={step} taken={step} />
        </summary>
        <div className="step-body">
          {step.instruction !== '' && <p className="plain">{step.instruction}</p>}
          <StepTerms step={step} titleOf={titleOf} />
        </div>
      </details>
      {step.reason !== null && step.status !== 'done' && <p className="step-reason small">{step.reason}</p>}
    </li>
  );
}
