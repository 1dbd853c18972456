import { agentLabel } from '../api/queries.ts';
import type { JobStatus, JobStatusName } from '../../contracts/orchestration.ts';
import type { StepStatus } from '../../contracts/plan.ts';
import type { ToolCallStatus } from '../../contracts/tools.ts';
import { Icon, type IconName } from '../layout/icons.tsx';
import { formatCents } from '../text/format.ts';
import { useText } from '../text/text-context.tsx';

/** What colours a status, an agent or a note. */
export type Tone = 'calm' | 'busy' | 'attention' | 'good' | 'warning' | 'bad';

/** Jobs, steps, agents and calls look alike where they are alike. */
type Status = JobStatusName | StepStatus | ToolCallStatus;
const LOOKS: Record<Status, { readonly icon: IconName; readonly tone: Tone }> = {
  pending: { icon: 'clock', tone: 'calm' },
  running: { icon: 'spinner', tone: 'busy' },
  awaiting_approval: { icon: 'hand', tone: 'attention' },
  waiting: { icon: 'hand', tone: 'attention' },
  completed: { icon: 'check', tone: 'good' },
  done: { icon: 'check', tone: 'good' },
  partial: { icon: 'warning', tone: 'warning' },
  failed: { icon: 'cross', tone: 'bad' },
  unknown: { icon: 'warning', tone: 'attention' },
  declined: { icon: 'stop', tone: 'calm' },
  skipped: { icon: 'stop', tone: 'calm' },
  cancelled: { icon: 'stop', tone: 'calm' },
  expired: { icon: 'clock', tone: 'calm' },
};

const lookOf = (status: Status) => LOOKS[status] ?? LOOKS.pending;
export const toneOf = (status: Status): Tone => lookOf(status).tone;

/** The icon of a status in its colour; say the status in words next to it. */
export function StatusIcon({ status }: { readonly status: Status }) {
  const { icon, tone } = lookOf(status);
  return (
    <span className={`tone tone-${tone}`}>
      <Icon name={icon} spinning={status === 'running'} />
    </span>
  );
}

/** The four things a person needs to tell apart about an agent at work. */
type AgentState = 'pending' | 'running' | 'done' | 'failed';

/** Sorts whatever the server calls an agent's state into the four. */
export function toAgentState(status: string): AgentState {
  if (status === 'done' || status === 'completed') return 'done';
  if (status === 'failed' || status === 'cancelled' || status === 'expired') return 'failed';
  return status === 'running' ? 'running' : 'pending';
}

/** Who works on a job, and how far each one is. */
export function AgentChips({ agents }: { readonly agents: JobStatus['agents'] }) {
  const { text } = useText();
  if (agents.length === 0) return null;
  return (
    <ul className="chips" aria-label={text.job.agentsUsed}>
      {agents.map(({ agent, status, model, costCents }) => {
        const state = toAgentState(status);
        return (
          <li key={agent} className={`chip tone-${toneOf(state)}`} data-state={state} title={model ?? undefined}>
            <Icon name={lookOf(state).icon} spinning={state === 'running'} />
            <span className="chip-name">{agentLabel(text, agent)}</span>
            <span className="unseen">{text.agentStatuses[state]}</span>
            {costCents > 0 && <span className="chip-cost">{formatCents(costCents)}</span>}
          </li>
        );
      })}
    </ul>
  );
}

interface ProgressBarProps {
  readonly value: number;
  readonly status: JobStatusName;
  readonly label: string;
  readonly slim?: boolean;
}

export function ProgressBar({ value, status, label, slim = false }: ProgressBarProps) {
  const shown = Math.round(Math.min(100, Math.max(0, value)));
  return (
    <span
      className={`bar tone-${toneOf(status)}${slim ? ' bar-slim' : ''}${status === 'running' ? ' bar-moving' : ''}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={shown}
    >
      <span className="bar-fill" style={{ transform: `scaleX(${shown / 100})` }} />
    </span>
  );
}
