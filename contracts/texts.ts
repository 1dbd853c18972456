import type { Language } from './agents.ts';
import { messages as en, type Messages } from './texts/en/messages.ts';
import { messages as ko } from './texts/ko/messages.ts';

/** Sentences of Slack, the API and the workflows in the language of the request; the console has its own part of the catalogue. */
export type Texts = Messages;
export const textsFor = (language: Language): Texts => (language === 'ko' ? ko : en);

/** Root causes that are known without asking a model. */
export type HealingCause = keyof Texts['healingCauses'];

/** Stable codes of `error.code` in a job's status, each with its sentence. */
export const ERROR_TEXT = {
  budget_exhausted_user: 'budgetUser',
  budget_exhausted_organization: 'budgetOrganization',
  model_unavailable: 'modelUnavailable',
  model_refused: 'modelRefused',
  model_unauthorized: 'modelUnauthorized',
  timed_out: 'timedOut',
  model_declined: 'modelDeclined',
  model_too_long: 'modelTooLong',
  model_billing: 'modelBilling',
  model_missing: 'modelMissing',
  model_overloaded: 'modelOverloaded',
  model_empty: 'modelEmpty',
  answer_cut: 'answerCut',
  no_answer: 'noAnswer',
  dependency_failed: 'dependencyFailed',
  condition_false: 'conditionFalse',
  condition_broken: 'conditionBroken',
  skipped_by_person: 'skippedByPerson',
  skipped_by_healing: 'skippedByHealing',
  stopped: 'stoppedByPerson',
  not_approved: 'notApproved',
  loop_broken: 'loopBroken',
  reconnect_needed: 'reconnectNeeded',
  effect_unknown: 'effectUnsettled',
  tool_failed: 'toolFailed',
  tool_declined: 'toolDeclined',
  tool_missing: 'toolMissing',
  internal: 'internal',
  empty_message: 'emptyMessage',
  message_too_long: 'messageTooLong',
  unknown_user: 'unknownUser',
  outsider: 'outsider',
  lookup_failed: 'lookUpFailed',
  guest: 'guest',
} as const satisfies Record<string, keyof Texts>;
export type ErrorCode = keyof typeof ERROR_TEXT;

/** Why something ended as it did: the sentence of its code, or the words themselves when it is none. */
export const reasonSentence = (reason: string, language: Language): string =>
  Object.hasOwn(ERROR_TEXT, reason) ? errorSentence(reason as ErrorCode, language) : reason;

/** The sentence of an error code in a language. */
export const errorSentence = (code: ErrorCode, language: Language): string => {
  const text = textsFor(language)[ERROR_TEXT[code]];
  return typeof text === 'string' ? text : '';
};
