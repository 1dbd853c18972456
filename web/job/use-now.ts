import { useEffect, useState } from 'react';
import type { JobStatus } from '../../contracts/orchestration.ts';
import { isFinalStatus } from './job-progress.ts';

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
