import { CancellationScope, patched } from '@temporalio/workflow';
import type { ApprovalKind, Choice } from '../../contracts/approval.ts';
import type { Question } from '../../contracts/workflow.ts';
import { decisions, store } from '../proxies.ts';
import type { Answer } from './awaiting.ts';
import { showStatus } from './display.ts';
import type { Job } from './job.ts';

export interface About {
  readonly kind: ApprovalKind;
  readonly step?: string;
  /** Codes of what happened; the words are found where they are shown. */
  readonly evidence?: readonly string[];
  /** Of a refused budget: what it said. */
  readonly refused?: unknown;
  /** Of calls: those that the question is about. */
  readonly calls?: readonly string[];
  /** Of a reconnect: nobody is asked when it has been renewed since. */
  readonly unlessReconnected?: boolean;
}

/** Asks humans in the midst of the work. CANCEL as an answer ends all of it; no answer in time is `expired`. */
export async function askHuman(job: Job, about: About): Promise<Choice | 'approve' | 'expired' | 'withdrawn'> {
  let approveMeans: Choice | undefined;
  let moot = false;
  const answer = await awaitAnswer(job, async () => {
    const nth = ++job.questions;
    const question = await store.askHuman.executeWithOptions({ summary: `Ask: ${about.kind}` }, [
      { ...job.target, ...about, nth },
    ]);
    ({ approveMeans, moot = false } = question);
    if (moot) return question;
    showStatus('awaiting_approval');
    job.changed();
    return question;
  });
  if (moot) return 'retry';
  if (answer.kind !== 'decided') return answer.kind;
  const { verdict, choice } = answer.decision;
  return verdict === 'cancel' ? cancelled(job) : (choice ?? approveMeans ?? 'approve');
}

/** Ends all work as CANCEL wants it: whoever waits for this goes no further. */
export function cancelled(job: Job): Promise<never> {
  job.cancelWork();
  return CancellationScope.current().cancelRequested;
}

/** Waits at the desk and writes down what became of the question, before another one may be asked. */
export async function awaitAnswer(job: Job, question: Question | (() => Promise<Question>)): Promise<Answer> {
  if (typeof question !== 'function') showStatus('awaiting_approval');
  let isWritten = false;
  const answer = await job.desk.ask(question, async (given) => {
    // Histories from before that ask the next question while the answer to the last one is being written.
    if (!patched('answer-first')) return;
    isWritten = true;
    await writeAnswer(job, given);
  });
  if (!isWritten) await writeAnswer(job, answer);
  return answer;
}

async function writeAnswer(job: Job, answer: Answer): Promise<void> {
  if (answer.kind === 'decided') {
    const { decision } = answer;
    await decisions.recordDecision.executeWithOptions({ summary: `Decision: ${decision.choice ?? decision.verdict}` }, [
      { ...job.target, decision },
    ]);
  } else if (job.course.steps.length === 0 && answer.kind === 'expired') {
    // Nothing has begun: it is written with the end.
    return;
  } else if (answer.question)
    await store.closeQuestion({ ...job.target, approvalId: answer.question.id, verdict: answer.kind });
  showStatus('running');
  job.changed();
}
