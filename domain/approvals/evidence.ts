import type { Language } from '../../contracts/agents.ts';
import { ERROR_TEXT, errorSentence, type ErrorCode, type Texts } from '../../contracts/texts.ts';
import type { Step } from '../../db/queries/steps.ts';
import { nameOf } from '../steps/progress.ts';
import type { AskInput } from './questions.ts';

const isErrorCode = (code: string): code is ErrorCode => code in ERROR_TEXT;

/** What happened, in words: which step, and why it cannot go on by itself. Pure. */
export function evidenceFor(
  { kind, step: id, evidence = [] }: Pick<AskInput, 'kind' | 'step' | 'evidence'>,
  steps: readonly Step[],
  texts: Texts,
  language: Language,
): string[] {
  const step = steps.find((one) => one.id === id);
  // A question about calls shows the calls themselves; without a plan the step is no more than the agent's name.
  const isNamed = step && kind !== 'tool' && (step.revision > 0 || (kind !== 'effect' && kind !== 'reconnect'));
  const words = evidence.map((code) => {
    if (code === 'same_call' || code === 'ping_pong') return texts.circles[code];
    return code === 'plan_refused' ? texts.planRefused : isErrorCode(code) ? errorSentence(code, language) : code;
  });
  const instruction = kind === 'step' && step?.instruction ? [step.instruction] : [];
  return [
    ...(isNamed ? [nameOf(step)] : []),
    ...instruction,
    ...words,
    ...(kind === 'budget' ? [texts.budgetPaused] : []),
  ];
}
