import type { Question } from '../../contracts/workflow.ts';

/** A reminder, or the moment from which more people may answer. */
export interface Reminder {
  readonly at: number;
  readonly escalates: boolean;
  /** Counts up from 1 within a question. */
  readonly nth: number;
}

/** The next nudge of a question before its deadline, after as many as there were; undefined when none is left. Pure. */
export function nextReminder({ policy }: Question, nudged: number, deadline: number): Reminder | undefined {
  const times = [
    ...(policy.reminders ?? []).map((at) => ({ at: Date.parse(at), escalates: false })),
    ...(policy.escalation ? [{ at: Date.parse(policy.escalation.at), escalates: true }] : []),
  ].sort((a, b) => a.at - b.at);
  const next = times[nudged];
  return next && next.at < deadline ? { ...next, nth: nudged + 1 } : undefined;
}
