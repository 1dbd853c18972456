import { stepName } from '../../contracts/phases.ts';
import type { Texts } from '../../contracts/texts.ts';
import type { Step } from '../../db/queries/steps.ts';

/** Where the agents' share of the progress bar begins and ends, in percent. */
const FROM = 15;
const TO = 90;

/** The step line and the progress of an orchestration at work: the first step that still runs is named. */
export function progressOf(
  steps: readonly Pick<Step, 'id' | 'title' | 'agent' | 'status'>[],
  texts: Texts,
): { step: string; progress: number } {
  const finished = steps.filter(({ status }) => status === 'done' || status === 'failed').length;
  const progress = Math.round(FROM + ((TO - FROM) * finished) / Math.max(1, steps.length));
  const current = steps.find(({ status }) => status === 'running') ?? steps.find(({ status }) => status === 'pending');
  if (!current) return { step: texts.merging, progress };
  const nth = Math.min(finished + 1, steps.length);
  return { step: texts.running(stepName(current), nth, steps.length), progress };
}
