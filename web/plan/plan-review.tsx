import { useEffect, useState } from 'react';
import { showInvisible } from '../../contracts/clean-text.ts';
import { toPhases } from '../../contracts/phases.ts';
import type { PricedStep } from '../../contracts/plan.ts';
import { Icon } from '../layout/icons.tsx';
import { useText } from '../text/text-context.tsx';
import { isChanged, type EditProblems, type PlanDraft, type StepDraft } from './plan-edits.ts';
import { StepEditor } from './step-editor.tsx';
import { StepLine, StepTerms } from './step-line.tsx';

interface PlanReviewProps {
  readonly steps: readonly PricedStep[];
  readonly draft: PlanDraft;
  readonly problems: EditProblems | undefined;
  readonly disabled: boolean;
  readonly onChange: (draft: PlanDraft) => void;
}

/** A proposed plan by phases, with all that each step is told; each opens to be changed. */
export function PlanReview({ steps, draft, problems, disabled, onChange }: PlanReviewProps) {
  const { text } = useText();
  const titleOf = (id: string) => steps.find((step) => step.id === id)?.title || id;
  const change = (id: string) => (next: StepDraft | undefined) => {
    const all = new Map(draft);
    if (next === undefined) all.delete(id);
    else all.set(id, next);
    onChange(all);
  };
  return (
    <section className="plan" aria-label={text.plan.title}>
      <p className="quiet small">{text.plan.editHint}</p>
      {toPhases(steps).map(({ nth, total, steps: own }) => (
        <div key={nth} className="phase">
          <h3>{text.plan.phase(nth, total)}</h3>
          <ul className="plan-steps">
            {own.map((step) => (
              <ReviewedStep
                key={step.id}
                step={step}
                draft={draft.get(step.id)}
                problems={problems?.byStep.get(step.id) ?? NONE}
                disabled={disabled}
                titleOf={titleOf}
                onChange={change(step.id)}
              />
            ))}
          </ul>
        </div>
      ))}
    </section>
  );
}

const NONE: readonly never[] = [];

interface ReviewedStepProps {
  readonly step: PricedStep;
  readonly draft: StepDraft | undefined;
  readonly problems: readonly { readonly field: string; readonly message: string }[];
  readonly disabled: boolean;
  readonly titleOf: (id: string) => string;
  readonly onChange: (draft: StepDraft | undefined) => void;
}

function ReviewedStep({ step, draft, problems, disabled, titleOf, onChange }: ReviewedStepProps) {
  const { text } = useText();
  const [open, setOpen] = useState(false);
  useEffect(() => {
    if (problems.length > 0) setOpen(true);
  }, [problems]);
  const removed = draft?.remove === true;
  const changed = isChanged(step, draft);
  const shown = { ...step, title: draft?.title ?? step.title, agent: draft?.agent ?? step.agent };
  return (
    <li className={removed ? 'plan-step removed' : 'plan-step'} data-step={step.id}>
      <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          <Icon name="chevron" />
          <StepLine step={shown} />
          {changed && <span className="label label-changed">{removed ? text.plan.removed : text.plan.changes}</span>}
        </summary>
        <div className="step-body">
          {!removed && (
            <StepEditor step={step} draft={draft} problems={problems} disabled={disabled} onChange={onChange} />
          )}
          {removed && problems.map(({ message }) => <FieldProblem key={message} message={message} />)}
          <div className="step-actions">
            {changed && (
              <button type="button" className="text-button" disabled={disabled} onClick={() => onChange(undefined)}>
                {removed ? text.plan.keep : text.plan.undo}
              </button>
            )}
            {!removed && (
              <button
                type="button"
                className="text-button"
                disabled={disabled}
                onClick={() => onChange({ remove: true })}
              >
                {text.plan.remove}
              </button>
            )}
          </div>
        </div>
      </details>
      {!removed && (
        // Whoever approves the plan approves this, so it is shown without being opened.
        <div className="step-shown">
          <p className="plain">{showInvisible(draft?.instruction ?? step.instruction)}</p>
          <StepTerms step={step} titleOf={titleOf} />
        </div>
      )}
    </li>
  );
}

const FieldProblem = ({ message }: { readonly message: string }) => (
  <p role="alert" className="field-problem">
    {message}
  </p>
);
