import { useAgents } from '../api/queries.ts';
import { useId, type ReactNode } from 'react';
import type { AgentId } from '../../contracts/agents.ts';
import type { PricedStep } from '../../contracts/plan.ts';
import { useText } from '../text/text-context.tsx';
import type { StepDraft } from './plan-edits.ts';

interface StepEditorProps {
  readonly step: PricedStep;
  readonly draft: StepDraft | undefined;
  readonly problems: readonly { readonly field: string; readonly message: string }[];
  readonly disabled: boolean;
  readonly onChange: (draft: StepDraft | undefined) => void;
}

/** What may be changed in a step before it is approved; a refused field says why beside it. */
export function StepEditor({ step, draft = {}, problems, disabled, onChange }: StepEditorProps) {
  const { text } = useText();
  const of = (field: string) => problems.filter((problem) => problem.field === field);
  const { fields } = text.plan;
  const named = new Set(['title', 'instruction', 'agent']);
  return (
    <div className="step-editor">
      <Field label={fields.title} problems={of('title')}>
        {(props) => (
          <input
            {...props}
            value={draft.title ?? step.title}
            disabled={disabled}
            onChange={(event) => onChange({ ...draft, title: event.target.value })}
          />
        )}
      </Field>
      <Field label={fields.instruction} problems={of('instruction')}>
        {(props) => (
          <textarea
            {...props}
            rows={3}
            value={draft.instruction ?? step.instruction}
            disabled={disabled}
            onChange={(event) => onChange({ ...draft, instruction: event.target.value })}
          />
        )}
      </Field>
      {step.agent !== null && (
        <Field label={fields.agent} problems={of('agent')}>
          {(props) => (
            <AgentSelect
              {...props}
              value={draft.agent ?? step.agent ?? ''}
              disabled={disabled}
              onChange={(agent) => onChange({ ...draft, agent })}
            />
          )}
        </Field>
      )}
      {problems
        .filter(({ field }) => !named.has(field))
        .map(({ field, message }) => (
          <p key={`${field} ${message}`} role="alert" className="field-problem">
            {message}
          </p>
        ))}
    </div>
  );
}

interface AgentSelectProps extends FieldControl {
  readonly value: string;
  readonly disabled: boolean;
  readonly onChange: (agent: AgentId) => void;
}

function AgentSelect({ onChange, ...props }: AgentSelectProps) {
  const agents = useAgents();
  return (
    <select {...props} onChange={(event) => onChange(event.target.value)}>
      {agents.map(({ id, label }) => (
        <option key={id} value={id}>
          {label}
        </option>
      ))}
    </select>
  );
}

/** What ties a control to its label and to what is wrong with it. */
interface FieldControl {
  readonly id: string;
  readonly className: string;
  readonly 'aria-invalid': boolean;
  readonly 'aria-describedby': string | undefined;
}

interface FieldProps {
  readonly label: string;
  readonly problems: readonly { readonly message: string }[];
  readonly children: (props: FieldControl) => ReactNode;
}

function Field({ label, problems, children }: FieldProps) {
  const id = useId();
  const wrong = problems.length > 0;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, className: 'input', 'aria-invalid': wrong, 'aria-describedby': wrong ? `${id}-why` : undefined })}
      {wrong && (
        <p id={`${id}-why`} role="alert" className="field-problem">
          {problems.map(({ message }) => message).join(' ')}
        </p>
      )}
    </div>
  );
}
