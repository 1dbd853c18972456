import { useAgents } from '../api/queries.ts';
import { useId } from 'react';
import type { AgentId, Category } from '../../contracts/agents.ts';
import { console as en } from '../../contracts/texts/en/console.ts';
import { Icon } from '../layout/icons.tsx';
import { useText } from '../text/text-context.tsx';
import { type Draft, PLANNING } from './ask-request.ts';

interface AskOptionsProps {
  readonly draft: Draft;
  readonly onChange: (draft: Draft) => void;
}

/** What most people never open: who works on it, how, and whether to ask first. */
export function AskOptions({ draft, onChange }: AskOptionsProps) {
  const { text } = useText();
  const switched = [draft.category !== undefined, draft.requireApproval, draft.plan !== 'auto', draft.dryRun];
  const chosen = draft.agents.length + switched.filter(Boolean).length;
  return (
    <details className="options">
      <summary className="text-button">
        <Icon name="chevron" />
        {text.ask.options}
        {chosen > 0 && <span className="count">{chosen}</span>}
      </summary>
      <div className="options-body">
        <AgentChoices chosen={draft.agents} onChange={(agents) => onChange({ ...draft, agents })} />
        <Choice
          label={text.ask.category}
          value={draft.category ?? ''}
          options={[['', text.ask.anyCategory], ...CATEGORIES.map((id) => [id, text.categories[id]] as const)]}
          onChange={(value) => onChange({ ...draft, category: toCategory(value) })}
        />
        <Choice
          label={text.ask.plan}
          value={draft.plan}
          options={PLANNING.map((id) => [id, text.ask.plans[id]] as const)}
          onChange={(value) => onChange({ ...draft, plan: PLANNING.find((id) => id === value) ?? 'auto' })}
        />
        <Switch
          label={text.ask.approval}
          checked={draft.requireApproval}
          onChange={(requireApproval) => onChange({ ...draft, requireApproval })}
        />
        <Switch label={text.ask.dryRun} checked={draft.dryRun} onChange={(dryRun) => onChange({ ...draft, dryRun })} />
      </div>
    </details>
  );
}

interface SwitchProps {
  readonly label: string;
  readonly checked: boolean;
  readonly onChange: (on: boolean) => void;
}

function Switch({ label, checked, onChange }: SwitchProps) {
  return (
    <label className="options-row check">
      <input type="checkbox" checked={checked} onChange={(event) => onChange(event.target.checked)} />
      {label}
    </label>
  );
}

interface AgentChoicesProps {
  readonly chosen: readonly AgentId[];
  readonly onChange: (chosen: readonly AgentId[]) => void;
}

function AgentChoices({ chosen, onChange }: AgentChoicesProps) {
  const { text } = useText();
  const agents = useAgents();
  const toggle = (id: AgentId, on: boolean) => onChange(on ? [...chosen, id] : chosen.filter((other) => other !== id));
  return (
    <fieldset>
      <legend>
        {text.ask.agents} <span className="quiet">{text.ask.agentsHint}</span>
      </legend>
      <div className="agent-choices">
        {agents.map(({ id, label }) => (
          <label key={id} className="agent-choice">
            <input
              type="checkbox"
              checked={chosen.includes(id)}
              onChange={(event) => toggle(id, event.target.checked)}
            />
            <span>{label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

// The texts name every category, which their types make sure of.
const CATEGORIES = Object.keys(en.categories) as Category[];

const toCategory = (value: string): Category | undefined => CATEGORIES.find((id) => id === value);

interface ChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly options: readonly (readonly [value: string, name: string])[];
  readonly onChange: (value: string) => void;
}

/** One of several, with its label before it. */
export function Choice({ label, value, options, onChange }: ChoiceProps) {
  const id = useId();
  return (
    <div className="options-row">
      <label htmlFor={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => onChange(event.target.value)}>
        {options.map(([option, name]) => (
          <option key={option} value={option}>
            {name}
          </option>
        ))}
      </select>
    </div>
  );
}
