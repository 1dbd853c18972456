import { useId } from 'react';
import type { ToolDiff } from '../../contracts/tools.ts';
import { useText } from '../text/text-context.tsx';

interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly hint?: string;
  readonly type?: 'text' | 'password' | 'url' | 'email' | 'lines';
  readonly required?: boolean;
}

/** One line or a few of a form. Secrets are never offered to the browser's own store. */
export function Field({ label, value, onChange, hint, type = 'text', required = false }: FieldProps) {
  const id = useId();
  const hintId = useId();
  const shared = {
    id,
    className: 'input',
    value,
    required,
    spellCheck: false,
    ...(hint !== undefined && { 'aria-describedby': hintId }),
  };
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {type === 'lines' ? (
        <textarea {...shared} rows={2} onChange={(event) => onChange(event.target.value)} />
      ) : (
        <input
          {...shared}
          type={type}
          autoComplete={type === 'password' ? 'new-password' : 'off'}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
      {hint !== undefined && (
        <p id={hintId} className="quiet small">
          {hint}
        </p>
      )}
    </div>
  );
}

interface CheckProps {
  readonly label: string;
  readonly checked: boolean;
  readonly disabled?: boolean;
  readonly onChange: (checked: boolean) => void;
}

export const Check = ({ label, checked, disabled = false, onChange }: CheckProps) => (
  <label className="options-row check">
    <input type="checkbox" checked={checked} disabled={disabled} onChange={(event) => onChange(event.target.checked)} />
    {label}
  </label>
);

/** How a field of a tool differs from what was accepted. */
export function Difference({ diff: { field, before, after } }: { readonly diff: ToolDiff }) {
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
