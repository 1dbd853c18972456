import { useJobs } from '../api/queries.ts';
import type { JobSummary } from '../api/shapes.ts';
import { PageLink, type Route, toJob } from '../layout/routes.tsx';
import { ProblemNote } from '../layout/problem-note.tsx';
import { formatAgo, formatCents } from '../text/format.ts';
import { useText } from '../text/text-context.tsx';
import { isFinalStatus } from './job-progress.ts';
import { ProgressBar, StatusIcon } from './status.tsx';
import { useNow } from './use-job-progress.ts';

interface RecentJobsProps {
  readonly jobId: string | undefined;
  readonly onNavigate: (route: Route) => void;
}

export function RecentJobs({ jobId, onNavigate }: RecentJobsProps) {
  const { text } = useText();
  const { data, error } = useJobs();
  const now = useNow(true, 30_000);
  return (
    <nav className="recent" aria-label={text.recent}>
      <h2>{text.recent}</h2>
      {!data && error && <ProblemNote error={error} />}
      {!data && !error && <ListSkeleton />}
      {data?.jobs.length === 0 && <p className="quiet empty">{text.recentEmpty}</p>}
      <ul>
        {data?.jobs.map((job) => (
          <li key={job.jobId}>
            <PageLink
              to={toJob(job.jobId)}
              className="recent-job"
              current={job.jobId === jobId}
              onNavigate={onNavigate}
            >
              <RecentJob job={job} now={now} />
            </PageLink>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function RecentJob({ job, now }: { readonly job: JobSummary; readonly now: number }) {
  const { text, language } = useText();
  const over = isFinalStatus(job.status);
  return (
    <>
      <StatusIcon status={job.status} />
      <span className="recent-message">{job.message}</span>
      <span className="recent-facts">
        <span>{over ? formatAgo(job.createdAt, now, language) : text.statuses[job.status]}</span>
        {over && job.costCents > 0 && <span>{formatCents(job.costCents)}</span>}
      </span>
      {!over && <ProgressBar value={job.progress} status={job.status} label={text.job.progress} slim />}
    </>
  );
}

function ListSkeleton() {
  return (
    <div aria-hidden="true" className="list-skeleton">
      {['a', 'b', 'c', 'd'].map((id) => (
        <span key={id} className="skeleton" />
      ))}
    </div>
  );
}
