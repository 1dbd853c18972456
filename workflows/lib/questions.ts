import { CancellationScope } from '@temporalio/workflow';
import type { Choice } from '../../contracts/approval.ts';
import type { OpenQuestion, OrchestrationTarget, Question, QuestionInput } from '../../contracts/workflow.ts';
import { decisions, store } from '../proxies.ts';
import type { Job } from './job.ts';
import type { Answer, Suspension } from './pending-question.ts';

/** What is asked, and about what. */
type QuestionSubject = Omit<QuestionInput, keyof OrchestrationTarget | 'nth'>;

/** Asks humans in the midst of the work. CANCEL as an answer ends all of it; no answer in time is `expired`. */
export async function askHuman(
  job: Job,
  subject: QuestionSubject,
): Promise<Choice | 'approve' | 'expired' | 'withdrawn'> {
  let approveMeans: Choice | undefined;
  let moot = false;
  const answer = await awaitAnswer(job, async () => {
    const nth = ++job.progress.questionsAsked;
    const question = await store.askHuman.executeWithOptions({ summary: `Ask: ${subject.kind}` }, [
      { ...job.target, ...subject, nth },
    ]);
    ({ approveMeans, moot = false } = question);
    if (moot) return question;
    job.showStatus('awaiting_approval');
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

/**
 * Asks and writes down what became of the question, before another one may be asked. One that may be suspended gives
 * way when the workflow has to continue as new.
 */
export function awaitAnswer(job: Job, question: OpenQuestion | (() => Promise<Question>)): Promise<Answer>;
export function awaitAnswer(job: Job, question: OpenQuestion, maySuspend: true): Promise<Answer | Suspension>;
export function awaitAnswer(
  job: Job,
  question: OpenQuestion | (() => Promise<Question>),
  maySuspend = false,
): Promise<Answer | Suspension> {
  if (typeof question !== 'function') job.showStatus('awaiting_approval');
  return job.approvals.ask(question, (answer) => recordAnswer(job, answer), maySuspend);
}

async function recordAnswer(job: Job, answer: Answer): Promise<void> {
  if (answer.kind === 'decided') {
    const { decision } = answer;
    await decisions.recordDecision.executeWithOptions({ summary: `Decision: ${decision.choice ?? decision.verdict}` }, [
      { ...job.target, decision },
    ]);
  } else if (job.graph.steps.length === 0 && answer.kind === 'expired') {
    // Nothing has begun: it is written with the end.
    return;
  } else if (answer.question)
    await store.closeQuestion({ ...job.target, approvalId: answer.question.id, verdict: answer.kind });
  job.showStatus('running');
  job.changed();
}
