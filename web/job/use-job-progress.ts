import { useEffect, useState } from 'react';
import { useApi } from '../api/api-context.tsx';
import { followJob } from './follow-job.ts';
import { INITIAL_PROGRESS, type JobProgress } from './job-progress.ts';

/** Follows a job over its event stream, with a look every two seconds as the fallback. */
export function useJobProgress(jobId: string): JobProgress {
  const api = useApi();
  const [followed, setFollowed] = useState({ jobId, progress: INITIAL_PROGRESS });
  useEffect(() => {
    const leaving = new AbortController();
    void followJob({
      api,
      jobId,
      signal: leaving.signal,
      onChange: (progress) => setFollowed({ jobId, progress }),
    });
    return () => leaving.abort();
  }, [api, jobId]);
  return followed.jobId === jobId ? followed.progress : INITIAL_PROGRESS;
}
