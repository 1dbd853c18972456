import type { JobStatus } from '../../contracts/orchestration.ts';
import type { HealingView, PlanView } from '../../contracts/plan.ts';
import type { StopReceipt } from '../../contracts/steering.ts';
import { Icon } from '../layout/icons.tsx';
import { titleIn } from '../plan/step-line.tsx';
import { formatCents } from '../text/format.ts';
import { useText } from '../text/text-context.tsx';

const TONES = { running: 'busy', succeeded: 'good', failed: 'bad' } as const;

interface HealingListProps {
  readonly healing: readonly HealingView[];
  readonly plan: PlanView | undefined;
}

/** What was tried to heal failed steps, the latest first. */
export function HealingList({ healing, plan }: HealingListProps) {
  const { text } = useText();
  if (healing.length === 0) return null;
  const { attempt: line, actions, statuses, title } = text.healing;
  return (
    <section className="healing" aria-label={title}>
      <ul>
        {healing.toReversed().map(({ stepId, attempt, rootCause, action, status, detail, costCents }) => (
          <li key={`${stepId} ${attempt}`} data-status={status}>
            <span className={`tone tone-${TONES[status] ?? 'calm'}`}>
              <Icon name={status === 'running' ? 'spinner' : 'warning'} spinning={status === 'running'} />
            </span>
            <div>
              <p>{line(attempt, rootCause, actions[action] ?? action, statuses[status] ?? status)}</p>
              <p className="quiet small">
                {[titleIn(plan, stepId), detail, costCents > 0 ? formatCents(costCents) : '']
                  .filter(Boolean)
                  .join(' · ')}
              </p>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What a stop or a cancel cost and left. */
export function ReceiptNote({ receipt }: { readonly receipt: StopReceipt }) {
  const { text } = useText();
  const { title, calls, spent, steps } = text.receipt;
  const parts = [
    calls(receipt.callsInFlight),
    spent(formatCents(receipt.spentAfterStopCents)),
    steps(receipt.stepsDone, receipt.stepsTotal),
  ];
  return (
    <p className="note receipt">
      <span className="strong">{title[receipt.mode]}:</span> {parts.join(', ')}
    </p>
  );
}

/** How much of a plan is in its answer, what is not, and what the parts weigh. */
export function Coverage({ status }: { readonly status: JobStatus }) {
  const { text } = useText();
  const coverage = status.result?.coverage;
  if (!coverage) return null;
  const { answered, total, missing, weights } = coverage;
  return (
    <div className={missing.length > 0 ? 'note note-warning coverage' : 'note coverage'}>
      <p className="strong">{text.plan.coverage(answered, total)}</p>
      <ul>
        {missing.map(({ step, title, reason }) => (
          <li key={step}>
            <span className="strong">{title}</span>: {reason}
          </li>
        ))}
      </ul>
      {weights.length > 1 && (
        <p className="small">
          {text.plan.weights}:{' '}
          {weights.map(({ step, weight }) => `${titleIn(status.plan, step)} ${Math.round(weight * 100)}%`).join(', ')}
        </p>
      )}
    </div>
  );
}
