import type { Language } from '../../contracts/agents.ts';
import type { JobError, JobStatus } from '../../contracts/orchestration.ts';
import type { ConsoleTexts } from '../../contracts/texts/en/console.ts';
import { useMe } from '../api/queries.ts';
import { temporalHref } from '../layout/routes.tsx';
import { Icon } from '../layout/icons.tsx';
import { ProblemNote } from '../layout/problem-note.tsx';
import { DemoLabel } from '../layout/top-bar.tsx';
import { asProposed, PlanProgress } from '../plan/plan-progress.tsx';
import { formatCents, formatClock, formatDuration, formatMoment } from '../text/format.ts';
import { useText } from '../text/text-context.tsx';
import { Answer } from './answer.tsx';
import { ApprovalPanel } from './approval-panel.tsx';
import { Changes } from './changes.tsx';
import { isFinalStatus, type JobProgress } from './job-progress.ts';
import { AgentChips, ProgressBar, StatusIcon, toneOf } from './status.tsx';
import { SteerBox, StopButtons } from './steering.tsx';
import { LeftOutNote, ToolCalls } from './tool-calls.tsx';
import { useElapsedMs } from './use-job-progress.ts';
import { HealingList, ReceiptNote } from './work-notes.tsx';

interface JobCardProps {
  readonly status: JobStatus;
  readonly connection: JobProgress['connection'];
  readonly error: Error | undefined;
  /** Asks for the same once more. */
  readonly onAgain: () => void;
}

/** One job from its request to its answer, live while it runs. */
export function JobCard({ status, connection, error, onAgain }: JobCardProps) {
  const { text } = useText();
  const over = isFinalStatus(status.status);
  const waiting = isWaiting(status);
  return (
    <article className="job">
      <h1 className="request">{status.message}</h1>
      <div className={`card tone-${toneOf(status.status)}`} data-status={status.status}>
        <JobHead status={status} />
        {!over && (
          <div className="work">
            <div className="work-line">
              <p className="step" role="status">
                {status.step}
              </p>
              <span className="percent">{Math.round(status.progress)}%</span>
            </div>
            <ProgressBar value={status.progress} status={status.status} label={text.job.progress} />
            {connection === 'polling' && <p className="quiet small polling">{text.job.polling}</p>}
          </div>
        )}
        {status.dryRun && over && (status.plan || !status.result) && (
          <p className="note">
            {text.plan.dryRun}
            {status.plan && <DryRunTotal plan={status.plan} />}
          </p>
        )}
        <Workers status={status} over={over} waiting={waiting} />
        {waiting && status.approval && (
          <ApprovalPanel
            key={status.approval.hash}
            jobId={status.jobId}
            approval={status.approval}
            plan={status.plan}
          />
        )}
        <LeftOutNote leftOut={status.leftOut} />
        <ToolCalls jobId={status.jobId} calls={status.toolCalls} />
        <HealingList healing={status.healing} plan={status.plan} />
        <SteerBox status={status} working={!over && !waiting} />
        <Ending status={status} />
        {status.receipt && <ReceiptNote receipt={status.receipt} />}
        {error && <ProblemNote error={error} unreachable={text.job.unreachable} />}
        <Changes jobId={status.jobId} effects={status.effects} over={over} />
        {status.result && !(status.dryRun && status.plan) && <Answer status={status} result={status.result} />}
        <JobFoot status={status} cancellable={!over && !waiting} onAgain={onAgain} />
      </div>
    </article>
  );
}

/** A person has to answer before the work goes on. */
export const isWaiting = ({ status, approval }: JobStatus): boolean =>
  status === 'awaiting_approval' && approval?.decision === undefined;

interface WorkersProps {
  readonly status: JobStatus;
  readonly over: boolean;
  readonly waiting: boolean;
}

/** Who works: the steps of the plan, unless the question below shows them, else the agents. */
function Workers({ status, over, waiting }: WorkersProps) {
  const { plan } = status;
  if (plan)
    return waiting && status.approval?.plan.steps ? null : (
      <PlanProgress plan={status.dryRun ? asProposed(plan) : plan} running={!over} />
    );
  return over && status.result ? null : <AgentChips agents={status.agents} />;
}

function JobHead({ status }: { readonly status: JobStatus }) {
  const { text, language } = useText();
  const elapsedMs = useElapsedMs(status);
  const over = isFinalStatus(status.status);
  return (
    <div className="job-head">
      <h2>
        <StatusIcon status={status.status} />
        <span role="status">{text.statuses[status.status] ?? status.status}</span>
      </h2>
      {status.demo && <DemoLabel />}
      <dl className="meters">
        <div>
          <dt className="unseen">{over ? text.job.duration : text.job.elapsed}</dt>
          <dd>{over ? formatDuration(elapsedMs, language) : formatClock(elapsedMs)}</dd>
        </div>
        <div>
          <dt className="unseen">{text.job.cost}</dt>
          <dd>{formatCents(status.costCents)}</dd>
        </div>
      </dl>
    </div>
  );
}

/** What to say when a job ended without doing all it was asked. */
function Ending({ status }: { readonly status: JobStatus }) {
  const { text, language } = useText();
  if (status.error)
    return (
      <p className={`note note-${status.status === 'failed' ? 'bad' : 'warning'}`}>
        {reasonOf(status.error, text, language)}
      </p>
    );
  if (status.status === 'cancelled') return <p className="note">{text.job.cancelledNote}</p>;
  if (status.status === 'expired') return <p className="note">{text.job.expiredNote}</p>;
  return null;
}

/** Of a budget without room with the moment of its reset as the reader's clock shows it; else in the server's sentence. */
function reasonOf({ code, message, resetsAt }: JobError, text: ConsoleTexts, language: Language): string {
  if (resetsAt === undefined || Number.isNaN(Date.parse(resetsAt))) return message;
  const when = formatMoment(resetsAt, Date.now(), language);
  if (code === 'budget_exhausted_user') return text.job.budgetOfUser(when);
  return code === 'budget_exhausted_organization' ? text.job.budgetOfOrganization(when) : message;
}

/** What a plan that was not run would have taken. */
function DryRunTotal({ plan }: { readonly plan: NonNullable<JobStatus['plan']> }) {
  const { text } = useText();
  const facts = [
    text.plan.steps(plan.steps.length),
    text.plan.minutes(plan.minutes),
    formatCents(plan.cents),
    `${text.approval.worst} ${formatCents(plan.worstCents)}`,
  ];
  return (
    <span className="strong">
      {' '}
      {text.plan.total}: {facts.join(' · ')}
    </span>
  );
}

interface JobFootProps {
  readonly status: JobStatus;
  readonly cancellable: boolean;
  readonly onAgain: () => void;
}

/** What ended without its answer can be asked for once more; what it has changed stays as it is. */
const REPEATABLE: readonly JobStatus['status'][] = ['failed', 'expired', 'cancelled'];

function JobFoot({ status, cancellable, onAgain }: JobFootProps) {
  const { text } = useText();
  const me = useMe().data;
  const href = me && temporalHref(me.temporalUiUrl, { organizationId: me.organization.id, jobId: status.jobId });
  const repeatable = REPEATABLE.includes(status.status) && status.message !== '';
  if (!cancellable && !repeatable && href === undefined) return null;
  return (
    <div className="job-foot">
      {cancellable && <StopButtons jobId={status.jobId} />}
      {repeatable && (
        <button type="button" className="button" onClick={onAgain}>
          {text.job.again}
        </button>
      )}
      {repeatable && status.effects.done > 0 && <p className="quiet small">{text.job.againKeeps}</p>}
      {href !== undefined && (
        <a className="text-button outward" href={href} target="_blank" rel="noopener">
          {text.job.temporal}
          <Icon name="outward" />
        </a>
      )}
    </div>
  );
}
