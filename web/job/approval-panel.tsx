import { useMutation } from '@tanstack/react-query';
import { useId } from 'react';
import type { Approval } from '../../contracts/approval.ts';
import { useApi } from '../api/api-context.tsx';
import { ProblemNote } from '../layout/problem-note.tsx';
import { formatCents, formatClock } from '../text/format.ts';
import type { Text } from '../text/en.ts';
import { useText } from '../text/text-context.tsx';
import { useNow } from './use-now.ts';

interface ApprovalPanelProps {
  readonly jobId: string;
  readonly approval: Approval;
}

/** The question to a person: the plan, what it may cost, who may answer and until when. */
export function ApprovalPanel({ jobId, approval }: ApprovalPanelProps) {
  const api = useApi();
  const { text, language } = useText();
  const heading = useId();
  const { id: approvalId, hash, plan, policy, kind } = approval;
  const decision = useMutation({
    mutationFn: (verdict: 'approve' | 'cancel') => api[verdict](jobId, { approvalId, hash }),
  });
  const locked = decision.isPending || decision.isSuccess;
  return (
    <section className="approval" aria-labelledby={heading}>
      <div className="approval-head">
        <h3 id={heading}>{text.approval.title}</h3>
        <Expiry expiresAt={approval.expiresAt} />
      </div>
      <p className="approval-question">{plan.question}</p>
      <dl className="facts">
        <Fact name={text.job.agentsUsed}>{plan.agents.map(({ agent }) => text.agents[agent] ?? agent).join(', ')}</Fact>
        {plan.agents.length > 1 && <Fact name={text.approval.mode}>{text.approval.modes[plan.mode] ?? plan.mode}</Fact>}
        <Fact name={text.approval.estimated}>{formatCents(plan.estimatedCents)}</Fact>
        <Fact name={text.approval.worst}>{formatCents(plan.worstCaseCents)}</Fact>
      </dl>
      <p className="quiet small">
        {kind === 'cost' && `${text.approval.costReason(formatCents(policy.thresholdCents))} `}
        {text.approval.who(new Intl.ListFormat(language, { type: 'disjunction' }).format(whoMayAnswer(policy, text)))}
      </p>
      <div className="approval-answers">
        <button type="button" className="button primary" disabled={locked} onClick={() => decision.mutate('approve')}>
          {text.approval.approve}
        </button>
        <button type="button" className="button" disabled={locked} onClick={() => decision.mutate('cancel')}>
          {text.approval.cancel}
        </button>
        <span role="status" className="quiet small">
          {decision.isPending && text.approval.sending}
          {decision.isSuccess && text.approval.sent}
        </span>
      </div>
      {decision.error && <ProblemNote error={decision.error} />}
    </section>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

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

function whoMayAnswer(policy: Approval['policy'], text: Text): string[] {
  const names: Record<string, string> = text.approval.roles;
  const roles = policy.roles.map((role) => (Object.hasOwn(names, role) ? (names[role] ?? role) : role));
  return [...roles, ...(policy.asker ? [text.approval.asker] : [])];
}
