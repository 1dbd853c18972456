import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { Accepted, JobStatus } from '../../contracts/orchestration.ts';
import { QUERY, useSession } from '../api/queries.ts';
import { AskBox } from '../ask/ask-box.tsx';
import { ProblemNote } from '../layout/problem-note.tsx';
import { type Route, toJob } from '../layout/routes.tsx';
import { useText } from '../text/text-context.tsx';
import { aroundJob, Turns } from './conversation.tsx';
import { isFinalStatus } from './job-progress.ts';
import { isWaiting, JobCard } from './job-card.tsx';
import { useJobProgress } from './use-job-progress.ts';

interface JobPageProps {
  readonly jobId: string;
  readonly onNavigate: (route: Route) => void;
}

/** A job within its conversation, and the box that continues it: not while a question waits, whose answer belongs there. */
export function JobPage({ jobId, onNavigate }: JobPageProps) {
  const { text } = useText();
  const { status, connection, error } = useJobProgress(jobId);
  const session = useSession(status?.sessionId).data;
  const cache = useQueryClient();
  const card = useRef<HTMLDivElement>(null);
  const [again, setAgain] = useState('');
  const spoken = session && status ? aroundJob(session, status) : { before: [], after: [] };
  const continued = spoken.before.length > 0;
  useEffect(() => {
    if (continued) card.current?.scrollIntoView({ block: 'start' });
  }, [continued]);
  usePageTitle(status);
  if (!status) return <div className="thread">{error ? <ProblemNote error={error} /> : <JobSkeleton />}</div>;
  const follow = (job: Accepted) => {
    void cache.invalidateQueries({ queryKey: QUERY.session(job.sessionId) });
    onNavigate(toJob(job.jobId));
  };
  return (
    <div className="thread">
      <Turns label={text.job.earlier} messages={spoken.before} onNavigate={onNavigate} />
      <div ref={card} className="thread-job">
        <JobCard status={status} connection={connection} error={error} onAgain={() => setAgain(status.message)} />
      </div>
      <Turns label={text.job.later} messages={spoken.after} onNavigate={onNavigate} />
      {!isWaiting(status) && (
        <div className="follow-up">
          <AskBox key={again} draft={again} sessionId={status.sessionId} onAccepted={follow} />
        </div>
      )}
    </div>
  );
}

/** Lets a person watch from another tab. */
function usePageTitle(status: JobStatus | undefined): void {
  const { text } = useText();
  const word = status && (text.statuses[status.status] ?? status.status);
  const title = status && (isFinalStatus(status.status) ? word : `${Math.round(status.progress)}% ${word}`);
  useEffect(() => {
    document.title = title === undefined ? 'Nubabel' : `${title} · Nubabel`;
    return () => {
      document.title = 'Nubabel';
    };
  }, [title]);
}

function JobSkeleton() {
  const { text } = useText();
  return (
    <div className="job" role="status">
      <span className="unseen">{text.job.loading}</span>
      <span className="skeleton skeleton-request" />
      <span className="skeleton skeleton-card" />
    </div>
  );
}
