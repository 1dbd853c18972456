import { agentLabel } from '../api/queries.ts';
import type { AnswerPolicy, Approval } from '../../contracts/approval.ts';
import { showInvisible } from '../../contracts/clean-text.ts';
import type { ReactNode } from 'react';
import type { PlanView } from '../../contracts/plan.ts';
import { formatCents, formatMoment } from '../text/format.ts';
import type { ConsoleTexts } from '../../contracts/texts/en/console.ts';
import { useText } from '../text/text-context.tsx';
import { titleIn, RiskLabel } from './step-line.tsx';
import { Icon } from '../layout/icons.tsx';

interface ApprovalFactsProps {
  readonly approval: Approval;
  /** The plan at work, which names the step in question. */
  readonly jobPlan: PlanView | undefined;
}

/** What a question rests on: who works, what it costs, what happened, what would be raised or done. */
export function ApprovalFacts({ approval, jobPlan }: ApprovalFactsProps) {
  const { text, language } = useText();
  const { plan, kind } = approval;
  const first = kind === 'cost' || kind === 'requested';
  const priced = first || plan.steps !== undefined;
  const unsaid = (plan.evidence ?? []).length === 0;
  return (
    <>
      <Evidence title={kind === 'tool' ? text.calls.askedBy : text.question.evidence} lines={plan.evidence ?? []} />
      <dl className="facts">
        {plan.stepId !== undefined && unsaid && <Fact name={text.question.step}>{titleIn(jobPlan, plan.stepId)}</Fact>}
        {first && plan.agents.length > 0 && (
          <Fact name={text.job.agentsUsed}>{plan.agents.map(({ agent }) => agentLabel(text, agent)).join(', ')}</Fact>
        )}
        {first && plan.agents.length > 1 && (
          <Fact name={text.approval.mode}>{text.approval.modes[plan.mode] ?? plan.mode}</Fact>
        )}
        {plan.minutes !== undefined && <Fact name={text.plan.takes}>{text.plan.minutes(plan.minutes)}</Fact>}
        {priced && <Fact name={text.approval.estimated}>{formatCents(plan.estimatedCents)}</Fact>}
        {priced && <Fact name={text.approval.worst}>{formatCents(plan.worstCaseCents)}</Fact>}
        {!priced && !plan.raise && <Fact name={text.question.spent}>{formatCents(plan.estimatedCents)}</Fact>}
        {plan.raise && (
          <Fact name={`${text.question.limit} (${text.question.periods[plan.raise.period] ?? plan.raise.period})`}>
            {formatCents(plan.raise.limitCents)}
          </Fact>
        )}
        {plan.raise && <Fact name={text.question.needs}>{text.question.more(formatCents(plan.raise.byCents))}</Fact>}
        {plan.raise?.resetsAt !== undefined && Date.parse(plan.raise.resetsAt) > Date.now() && (
          <Fact name={text.question.resets}>{formatMoment(plan.raise.resetsAt, Date.now(), language)}</Fact>
        )}
        {plan.action && <Fact name={text.question.proposed}>{text.healing.actions[plan.action] ?? plan.action}</Fact>}
      </dl>
    </>
  );
}

function Evidence({ title, lines }: { readonly title: string; readonly lines: readonly string[] }) {
  if (lines.length === 0) return null;
  return (
    <div className="evidence">
      <h4>{title}</h4>
      <ul>
        {lines.map((line, nth) => (
          // Two lines may say the same, and both are shown.
          <li key={`${nth} ${line}`}>{showInvisible(line)}</li>
        ))}
      </ul>
    </div>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Why a person is asked, who may answer, and how many of them have. */
export function Answerers({ approval }: { readonly approval: Approval }) {
  const { text, language } = useText();
  const { policy, kind, approvals = [] } = approval;
  const { quorum = 1, adminChoices = [] } = policy;
  const people = new Intl.ListFormat(language, { type: 'disjunction' }).format(whoMayAnswer(policy, text));
  return (
    <p className="quiet small">
      {quorum > 1 && <span className="strong quorum">{text.question.quorum(approvals.length, quorum)} </span>}
      {kind === 'cost' && `${text.approval.costReason(formatCents(policy.thresholdCents))} `}
      {text.approval.who(people)}
      {policy.notAsker && ` ${text.question.notAsker}`}
      {adminChoices.length > 0 &&
        ` ${text.question.onlyAdmin(adminChoices.map((choice) => text.question.choices[choice]).join(', '))}`}
    </p>
  );
}

function whoMayAnswer(
  { roles, asker, notAsker, users = [], delegates = [] }: AnswerPolicy,
  text: ConsoleTexts,
): string[] {
  const names: Record<string, string> = text.approval.roles;
  return [
    ...roles.map((role) => (Object.hasOwn(names, role) ? (names[role] ?? role) : role)),
    ...(asker && !notAsker ? [text.approval.asker] : []),
    ...(users.length > 0 ? [text.question.named(users.length)] : []),
    ...(delegates.length > 0 ? [text.question.delegates(delegates.length)] : []),
  ];
}

type Calls = NonNullable<Approval['plan']['calls']>;

/** Exactly what would be called with what, as text: arguments come from models and from strangers. */
export function AskedCalls({ calls }: { readonly calls: Calls }) {
  const { text } = useText();
  return (
    <section aria-label={text.calls.asked}>
      <ul className="plan-steps">
        {calls.map((call) => (
          <li key={call.id} className="plan-step asked-call" data-tool={call.tool}>
            <div className="step-line">
              <code className="step-title">{call.tool}</code>
              <span className="quiet">{text.calls.where(showInvisible(call.connection))}</span>
              <span className="step-facts">
                <RiskLabel risk={call.risk} tool={call.tool} />
              </span>
            </div>
            {reasonsOf(call).length > 0 && (
              <p className="small">
                {reasonsOf(call)
                  .map((reason) => text.calls.reasons[reason] ?? reason)
                  .join(' ')}
              </p>
            )}
            <pre className="code" aria-label={text.calls.arguments}>
              {showInvisible(JSON.stringify(call.arguments, null, 2))}
            </pre>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** That it changes something stands beside its name already. */
const reasonsOf = ({ reasons, risk }: Calls[number]) =>
  reasons.filter((reason) => reason !== 'risk' || risk === 'read');

type Reconnect = NonNullable<Approval['plan']['reconnect']>;

/** The way to the connection that a person has to renew, on this console. */
export function ReconnectLink({ reconnect }: { readonly reconnect: Reconnect }) {
  const { text } = useText();
  return (
    <p>
      <a className="button" href={`/connections/${encodeURIComponent(reconnect.connectionId)}`}>
        <Icon name="plug" />
        {text.calls.reconnect(showInvisible(reconnect.connection))}
      </a>{' '}
      <span className="quiet small">{text.calls.reconnectHint}</span>
    </p>
  );
}
