import { AGENT_NAMES, type Texts } from '../../contracts/texts.ts';
import type { AgentRun } from '../../db/queries/agents.ts';

/** Where the agents' share of the progress bar begins and ends, in percent. */
const FROM = 15;
const TO = 90;

/** The step line and the progress of an orchestration whose agents are at work: the first one still running is named. */
export function progressOf(agents: readonly AgentRun[], texts: Texts): { step: string; progress: number } {
  const finished = agents.filter(({ status }) => status === 'done' || status === 'failed').length;
  const progress = Math.round(FROM + ((TO - FROM) * finished) / Math.max(1, agents.length));
  const current =
    agents.find(({ status }) => status === 'running') ?? agents.find(({ status }) => status === 'pending');
  if (!current) return { step: texts.merging, progress };
  const nth = Math.min(finished + 1, agents.length);
  return { step: texts.running(AGENT_NAMES[current.agent], nth, agents.length), progress };
}
