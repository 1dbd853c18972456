import { useId } from 'react';
import type { AgentId, Category } from '../../contracts/agents.ts';
import { Icon } from '../layout/icons.tsx';
import { en } from '../text/en.ts';
import { useText } from '../text/text-context.tsx';
import type { Draft } from './ask-request.ts';

interface AskOptionsProps {
  readonly draft: Draft;
  readonly onChange: (draft: Draft) => void;
}

/** What most people never open: who works on it, how, and whether to ask first. */
export function AskOptions({ draft, onChange }: AskOptionsProps) {
  const { text } = useText();
  const category = useId();
  const chosen = draft.agents.length + (draft.category ? 1 : 0) + (draft.requireApproval ? 1 : 0);
  return (
    <details className="options">
      <summary className="text-button">
        <Icon name="chevron" />
        {text.ask.options}
        {chosen > 0 && <span className="count">{chosen}</span>}
      </summary>
      <div className="options-body">
        <AgentChoices chosen={draft.agents} onChange={(agents) => onChange({ ...draft, agents })} />
        <div className="options-row">
          <label htmlFor={category}>{text.ask.category}</label>
          <select
            id={category}
            value={draft.category ?? ''}
            onChange={(event) => onChange({ ...draft, category: toCategory(event.target.value) })}
          >
            <option value="">{text.ask.anyCategory}</option>
            {CATEGORIES.map((id) => (
              <option key={id} value={id}>
                {text.categories[id]}
              </option>
            ))}
          </select>
        </div>
        <label className="options-row check">
          <input
            type="checkbox"
            checked={draft.requireApproval}
            onChange={(event) => onChange({ ...draft, requireApproval: event.target.checked })}
          />
          {text.ask.approval}
        </label>
      </div>
    </details>
  );
}

interface AgentChoicesProps {
  readonly chosen: readonly AgentId[];
  readonly onChange: (chosen: readonly AgentId[]) => void;
}

function AgentChoices({ chosen, onChange }: AgentChoicesProps) {
  const { text } = useText();
  const toggle = (id: AgentId, on: boolean) => onChange(on ? [...chosen, id] : chosen.filter((other) => other !== id));
  return (
    <fieldset>
      <legend>
        {text.ask.agents} <span className="quiet">{text.ask.agentsHint}</span>
      </legend>
      <div className="agent-choices">
        {AGENTS.map((id) => (
          <label key={id} className="agent-choice">
            <input
              type="checkbox"
              checked={chosen.includes(id)}
              onChange={(event) => toggle(id, event.target.checked)}
            />
            <span>{text.agents[id]}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

// The texts name every agent and category, which their types make sure of, in the order people know.
const AGENTS = Object.keys(en.agents) as AgentId[];
const CATEGORIES = Object.keys(en.categories) as Category[];

const toCategory = (value: string): Category | undefined => CATEGORIES.find((id) => id === value);
