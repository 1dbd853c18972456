import type { RoutedWork } from '../../contracts/workflow.ts';
import type { Proposal } from './job.ts';

/** The routed agents as steps: at once, one after the other whatever becomes of the one before, or as stand-ins. */
export function withoutPlan({ agents, mode, approval }: Pick<RoutedWork, 'agents' | 'mode' | 'approval'>): Proposal {
  const runs = { parallel: 'after_success', sequential: 'after_all', fallback: 'after_failure' } as const;
  const steps = agents.map(({ agent }, index) => {
    const before = mode === 'parallel' ? undefined : agents[index - 1];
    return {
      id: agent,
      kind: 'agent' as const,
      agent,
      needs: before ? [before.agent] : [],
      runs: runs[mode],
      conditional: false,
    };
  });
  return { steps, ...(approval && { approval }) };
}
