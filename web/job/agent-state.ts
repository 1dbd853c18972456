/** The four things a person needs to tell apart about an agent at work. */
export type AgentState = 'pending' | 'running' | 'done' | 'failed';

/** Sorts whatever the server calls an agent's state into the four. */
export function toAgentState(status: string): AgentState {
  if (status === 'done' || status === 'completed') return 'done';
  if (status === 'failed' || status === 'cancelled' || status === 'expired') return 'failed';
  return status === 'running' ? 'running' : 'pending';
}
