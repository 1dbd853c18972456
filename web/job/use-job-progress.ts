import { useEffect, useState } from 'react';
import { useApi } from '../api/queries.ts';
import { followJob } from './follow-job.ts';
import { INITIAL_PROGRESS, type JobProgress, isFinalStatus } from './job-progress.ts';
import type { JobStatus } from '../../contracts/orchestration.ts';

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

/** The time, every second while `ticking`. */
export function useNow(ticking: boolean, everyMs = 1_000): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!ticking) return undefined;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [ticking, everyMs]);
  return now;
}

/** How long a job has taken so far: the server's own count carried on, so that a wrong clock here does not matter. */
export function useElapsedMs(status: JobStatus): number {
  const over = isFinalStatus(status.status);
  const now = useNow(!over);
  const [heard, setHeard] = useState({ durationMs: status.durationMs, at: Date.now() });
  if (heard.durationMs !== status.durationMs) setHeard({ durationMs: status.durationMs, at: Date.now() });
  return over ? status.durationMs : status.durationMs + Math.max(0, now - heard.at);
}
