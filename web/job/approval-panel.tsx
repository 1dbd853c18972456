import { useId, useMemo, useState, type ReactNode } from 'react';
import type { Approval } from '../../contracts/approval.ts';
import { showInvisible } from '../../contracts/clean-text.ts';
import type { PlanView } from '../../contracts/plan.ts';
import { ApiProblemError } from '../api/problem.ts';
import { ProblemNote } from '../layout/problem-note.tsx';
import { Answerers, ApprovalFacts, AskedCalls, ReconnectLink } from '../plan/approval-facts.tsx';
import { placeProblems, toEdits, type PlanDraft, useDecision, type Answer } from '../plan/plan-edits.ts';
import { PlanReview } from '../plan/plan-review.tsx';
import { formatClock } from '../text/format.ts';
import { useText } from '../text/text-context.tsx';
import { useNow } from './use-job-progress.ts';

interface ApprovalPanelProps {
  readonly jobId: string;
  readonly approval: Approval;
  /** The plan at work. */
  readonly plan: PlanView | undefined;
}

/** The question to a person: what it is about, what it may cost, who may answer and until when. Its words to type are for Slack. */
export function ApprovalPanel({ jobId, approval, plan: jobPlan }: ApprovalPanelProps) {
  const { text } = useText();
  const heading = useId();
  const { plan, kind } = approval;
  const [draft, setDraft] = useState<PlanDraft>(new Map());
  const decision = useDecision(jobId, approval);
  const { error, variables: sent } = decision;
  const locked = decision.isPending || decision.isSuccess;
  const problems = useMemo(
    () => (plan.steps ? placeProblems(fieldsOf(error), plan.steps, sent?.edits) : undefined),
    [error, plan.steps, sent],
  );
  return (
    <section className="approval" aria-labelledby={heading}>
      <div className="approval-head">
        <h3 id={heading}>{text.question.titles[kind] ?? kind}</h3>
        <Expiry expiresAt={approval.expiresAt} />
      </div>
      {plan.goal !== undefined && <p className="strong">{showInvisible(plan.goal)}</p>}
      {plan.steps && (
        <PlanReview steps={plan.steps} draft={draft} problems={problems} disabled={locked} onChange={setDraft} />
      )}
      {plan.calls && plan.calls.length > 0 && <AskedCalls calls={plan.calls} />}
      <ApprovalFacts approval={approval} jobPlan={jobPlan} />
      {kind === 'effect' && <p>{text.question.checkFirst}</p>}
      {kind === 'reconnect' && <p>{text.calls.reconnectHint}</p>}
      {plan.reconnect && <ReconnectLink reconnect={plan.reconnect} />}
      <Answerers approval={approval} />
      <Answers
        approval={approval}
        edits={plan.steps && toEdits(plan.steps, draft)}
        locked={locked}
        onAnswer={(answer) => decision.mutate(answer)}
      >
        {decision.isPending && text.approval.sending}
        {decision.isSuccess && text.approval.sent}
      </Answers>
      {error && <ProblemNote error={problems ? withErrors(error, problems.others) : error} />}
    </section>
  );
}

interface AnswersProps {
  readonly approval: Approval;
  readonly edits: Answer['edits'];
  readonly locked: boolean;
  readonly onAnswer: (answer: Answer) => void;
  readonly children: ReactNode;
}

/** Of these a plain yes is an answer of its own beside the choices. */
const PLAIN_YES: readonly string[] = ['step', 'tool'];

/** Where there are choices, the first is what a plain yes would mean, so it stands in its place. */
function Answers({ approval, edits, locked, onAnswer, children }: AnswersProps) {
  const { text } = useText();
  const { choices = [], kind } = approval;
  const plain = choices.length === 0 || PLAIN_YES.includes(kind);
  return (
    <div className="approval-answers">
      {plain && (
        <AnswerButton primary locked={locked} onClick={() => onAnswer({ verdict: 'approve', edits })}>
          {edits ? text.question.approveEdited : text.approval.approve}
        </AnswerButton>
      )}
      {choices.map((choice, index) => (
        <AnswerButton
          key={choice}
          primary={!plain && index === 0}
          locked={locked}
          onClick={() => onAnswer({ verdict: 'approve', choice })}
        >
          {text.question.choices[choice] ?? choice}
        </AnswerButton>
      ))}
      <AnswerButton locked={locked} onClick={() => onAnswer({ verdict: 'cancel' })}>
        {text.approval.cancel}
      </AnswerButton>
      <span role="status" className="quiet small">
        {children}
      </span>
    </div>
  );
}

interface AnswerButtonProps {
  readonly primary?: boolean;
  readonly locked: boolean;
  readonly onClick: () => void;
  readonly children: string;
}

const AnswerButton = ({ primary = false, locked, onClick, children }: AnswerButtonProps) => (
  <button type="button" className={primary ? 'button primary' : 'button'} disabled={locked} onClick={onClick}>
    {children}
  </button>
);

function Expiry({ expiresAt }: { readonly expiresAt: string }) {
  const { text } = useText();
  const left = Date.parse(expiresAt) - useNow(true);
  if (Number.isNaN(left)) return null;
  return (
    <p className={left < 60_000 ? 'expiry expiry-soon' : 'expiry'}>
      {left > 0 ? text.approval.expiresIn(formatClock(left)) : text.approval.expiring}
    </p>
  );
}

const fieldsOf = (error: Error | null) => (error instanceof ApiProblemError ? (error.problem.errors ?? []) : []);

/** The same refusal without what is shown beside its field. */
const withErrors = (error: Error, errors: ReturnType<typeof fieldsOf>): Error =>
  error instanceof ApiProblemError ? new ApiProblemError({ ...error.problem, errors }) : error;
