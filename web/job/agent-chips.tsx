import type { JobStatus } from '../../contracts/orchestration.ts';
import { Icon, type IconName } from '../layout/icons.tsx';
import { formatCents } from '../text/format.ts';
import { useText } from '../text/text-context.tsx';
import { toAgentState, type AgentState } from './agent-state.ts';
import type { Tone } from './status-look.tsx';

const LOOKS: Record<AgentState, { readonly icon: IconName; readonly tone: Tone }> = {
  pending: { icon: 'clock', tone: 'calm' },
  running: { icon: 'spinner', tone: 'busy' },
  done: { icon: 'check', tone: 'good' },
  failed: { icon: 'cross', tone: 'bad' },
};

/** Who works on a job, and how far each one is. */
export function AgentChips({ agents }: { readonly agents: JobStatus['agents'] }) {
  const { text } = useText();
  if (agents.length === 0) return null;
  return (
    <ul className="chips" aria-label={text.job.agentsUsed}>
      {agents.map(({ agent, status, model, costCents }) => {
        const state = toAgentState(status);
        return (
          <li key={agent} className={`chip tone-${LOOKS[state].tone}`} data-state={state} title={model ?? undefined}>
            <Icon name={LOOKS[state].icon} spinning={state === 'running'} />
            <span className="chip-name">{text.agents[agent] ?? agent}</span>
            <span className="unseen">{text.agentStatuses[state]}</span>
            {costCents > 0 && <span className="chip-cost">{formatCents(costCents)}</span>}
          </li>
        );
      })}
    </ul>
  );
}
